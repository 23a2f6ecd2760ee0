"""The catalogue of resources: a module a kind, holding its defaults, validation, strategy and printed columns."""
