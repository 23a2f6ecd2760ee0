"""What is wrong with a question about the network."""

from __future__ import annotations


class TraceError(ValueError):
    """The question makes no sense: a text that cannot be read, or a sender that is not there."""
