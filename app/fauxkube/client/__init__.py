"""How every control loop reaches the cluster: as an outsider would."""
