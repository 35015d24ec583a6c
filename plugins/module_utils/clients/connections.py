# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Connections of this host, as the kernel lists them. Addresses are IPv4."""

from __future__ import annotations

import socket
import struct
from collections.abc import Collection, Iterator
from pathlib import Path

# A daemon that listens for both families at once has its IPv4 connections in the second.
TABLES = ("/proc/net/tcp", "/proc/net/tcp6")
ESTABLISHED = "01"
End = tuple[str, int]


def opened(ends: Collection[End], *, tables: Collection[str] = TABLES) -> int:
    """Return how many connections from this host to those addresses and ports are open now."""
    return sum(1 for _local, remote in _pairs(tables) if remote in ends)


def accepted(ports: Collection[int], *, tables: Collection[str] = TABLES) -> int:
    """Return how many connections to those ports of this host are open now, whatever address they were made to."""
    return sum(1 for local, _remote in _pairs(tables) if local[1] in ports)


def _pairs(tables: Collection[str]) -> Iterator[tuple[End, End]]:
    for table in tables:
        path = Path(table)
        # Without IPv6 the kernel has no second table.
        for line in path.read_text(encoding="ascii").splitlines()[1:] if path.exists() else ():
            _slot, local, remote, state, *_rest = line.split()
            if state == ESTABLISHED:
                yield _end(local), _end(remote)


def _end(text: str) -> End:
    address, port = text.split(":")
    if len(address) > 8:
        # Four words, each in the byte order of this machine.
        whole = b"".join(struct.pack("=I", int(address[at : at + 8], 16)) for at in range(0, 32, 8))
        return socket.inet_ntop(socket.AF_INET6, whole).removeprefix("::ffff:"), int(port, 16)
    return socket.inet_ntoa(struct.pack("=I", int(address, 16))), int(port, 16)
