"""The kinds of `apiextensions.k8s.io`, and those that custom resource definitions make."""
