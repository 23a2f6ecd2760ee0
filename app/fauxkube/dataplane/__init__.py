"""Real traffic: what listens on loopback and answers by the network's model. Without being asked for, nothing does."""
