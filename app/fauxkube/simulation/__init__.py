"""What a simulated cluster can do that a real one cannot: be disturbed, be copied, tell who asked for what."""
