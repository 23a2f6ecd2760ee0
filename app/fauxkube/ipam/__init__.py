"""Pure allocation: addresses, blocks for nodes, ports. What is durable is the store's; this room only chooses."""
