"""The scheduler: which node each pod runs on. A queue, filters, scores, and the binding that says so."""
