"""A POSIX shell, as far as people write it into `kubectl exec`: a parser, and what runs the programs that it names."""
