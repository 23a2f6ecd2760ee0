"""Which second number of the loopback addresses is a cluster's: the lowest that no cluster on this machine has.

Servers know nothing of each other. What they can all see is whether a port is taken: a cluster that has a number holds
a UDP port of the range's last address, where nothing is read. The system lets go of it when the process ends.
"""

from __future__ import annotations

import errno
import socket

#: How many clusters of a machine can have ranges of their own.
CLUSTERS = 256
#: Any that others hardly use by UDP: it is where API servers listen by TCP.
_PORT = 6443


class Claim:
    """A number, and what nobody else gets it by until `close`."""

    def __init__(self, number: int, holding: socket.socket) -> None:
        self.number = number
        self._holding = holding

    def close(self) -> None:
        """It is free again; harmless when called again."""
        self._holding.close()


def claim() -> Claim | None:
    """The lowest number that is free; None when there is none."""
    for number in range(CLUSTERS):
        holding = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        try:
            holding.bind((f"127.{number}.255.254", _PORT))
        except OSError as error:
            # Where only 127.0.0.1 is to be had, no addresses are, and there is nothing to claim.
            if error.errno != errno.EADDRNOTAVAIL:
                holding.close()
                continue
        return Claim(number, holding)
    return None
