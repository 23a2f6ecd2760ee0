"""fauxkube: a whole Kubernetes control plane in one Python process. The real API, no machines."""

__version__ = "0.1.0"
