# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether who sent a request that nobody has read yet is still at the other end. Pure, but for the socket asked."""

from __future__ import annotations

import socket

# First byte of the kernel's struct tcp_info (linux/tcp.h), in the numbers of net/tcp_states.h: the other end closed
# the connection, or reset it. The edge does that as soon as its own client is gone, and never half closes one.
_GONE = frozenset({7, 8})  # TCP_CLOSE, TCP_CLOSE_WAIT


def hung_up(connection: socket.socket) -> bool:
    """Return whether the other end has closed this TCP connection; what it sent before can still be read."""
    return connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 1)[0] in _GONE
