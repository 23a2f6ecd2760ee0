"""Where a cluster begins: manifests, the dump of a real one, a snapshot, a template; and begins again when reset."""
