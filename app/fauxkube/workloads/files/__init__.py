"""The files that a simulated container sees: computed from its pod until something is written."""
