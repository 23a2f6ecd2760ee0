"""Simulated kubelets: nodes register and stay alive, pods on them start, get addresses, run and stop. No machines."""
