# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether whoever opened a connection still waits at its other end, asked of real ones."""

from __future__ import annotations

import socket
import struct
from collections.abc import Callable, Iterator
from types import ModuleType

import pytest

Pair = tuple[socket.socket, socket.socket]


@pytest.fixture
def pair() -> Iterator[Pair]:
    """Return a client's end, over which a request was sent, and the server's."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        client = socket.create_connection(listening.getsockname())
        client.sendall(b"GET / HTTP/1.1\r\n\r\n")
        server, _address = listening.accept()
    with client, server:
        yield client, server


def closed(client: socket.socket) -> None:
    client.close()


def reset(client: socket.socket) -> None:
    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    client.close()


def test_who_waits_has_not_hung_up(hung_up: ModuleType, pair: Pair) -> None:
    assert not hung_up.hung_up(pair[1])


@pytest.mark.parametrize("leave", [closed, reset])
def test_who_closed_or_reset_the_connection_has(
    hung_up: ModuleType, pair: Pair, leave: Callable[[socket.socket], None]
) -> None:
    client, server = pair
    leave(client)
    assert hung_up.hung_up(server)
