"""A cluster: its settings, and the one place that knows every part and wires them together."""
