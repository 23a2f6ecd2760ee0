"""What runs in simulated containers: the programs that people start there, and what answers at the pods' ports."""
