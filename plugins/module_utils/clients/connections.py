# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Connections of this host, as the kernel lists them."""

from __future__ import annotations

import socket
import struct
from collections.abc import Collection, Iterator
from pathlib import Path

TABLE = "/proc/net/tcp"
ESTABLISHED = "01"


def established(address: str, ports: Collection[int], *, table: str = TABLE) -> int:
    """Return how many connections of this host to those ports of an address (IPv4) are open now."""
    text = Path(table).read_text(encoding="ascii")
    return sum(1 for remote in _remotes(text) if remote[0] == address and remote[1] in ports)


def _remotes(text: str) -> Iterator[tuple[str, int]]:
    for line in text.splitlines()[1:]:
        _slot, _local, remote, state, *_rest = line.split()
        if state == ESTABLISHED:
            address, port = remote.split(":")
            # The kernel writes the address as a number in its own byte order.
            yield socket.inet_ntoa(struct.pack("=I", int(address, 16))), int(port, 16)
