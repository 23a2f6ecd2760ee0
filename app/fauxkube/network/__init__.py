"""Where traffic goes: a pure model of kube-proxy, cluster DNS, network policies and the routes between nodes."""
