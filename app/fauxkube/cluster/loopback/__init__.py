"""What of a cluster is open on loopback when it is asked for: its ports, its ingresses, its names."""
