"""Pure functions on Kubernetes objects: no I/O, no clock of their own, no shared state."""
