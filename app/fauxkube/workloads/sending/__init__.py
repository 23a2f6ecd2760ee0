"""How a simulated container's programs send: names looked up, connections made, all by the model of the network."""
