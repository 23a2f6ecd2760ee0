"""The kinds of the group `apps`: the workloads that keep pods running."""
