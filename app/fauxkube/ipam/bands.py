"""How many values at a range's start are left to those who ask for a value by name.

Allocation without a wish starts behind this static band and comes back to it last, so that a wish for a low value
seldom collides (KEP-3070 for service IPs, KEP-3668 for node ports).
"""

from __future__ import annotations

#: A range of this size or less has no static band; any larger one has a band of at least this size.
_SMALLEST = 16


def service_ip_band(addresses: int) -> int:
    """The static band of a service CIDR of so many addresses, all counted: a 16th of it, from 16 to 256."""
    return _band(addresses, share=16, most=256)


def node_port_band(ports: int) -> int:
    """The static band of so many node ports: a 32nd of them, from 16 to 128; 86 of the default range."""
    return _band(ports, share=32, most=128)


def _band(size: int, *, share: int, most: int) -> int:
    return 0 if size <= _SMALLEST else min(max(size // share, _SMALLEST), most)
