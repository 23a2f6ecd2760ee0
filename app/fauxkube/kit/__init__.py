"""Tools that know no Kubernetes: the clock, chance, tasks, queues and back-off every other room is built with."""
