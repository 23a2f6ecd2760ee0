"""The admission chain: built-in plugins that complete or refuse a request before it reaches a kind's strategy."""
