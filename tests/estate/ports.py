"""Every port of the estate that speaks TLS."""

from __future__ import annotations

import socket
from dataclasses import dataclass

from tests.estate.world import Estate

HTTP = b"GET / HTTP/1.0\r\n\r\n"
PING = b"PING\r\n"
# Version 3.0, user and database north; and the request to go on with TLS.
POSTGRESQL = b"\x00\x00\x00\x23\x00\x03\x00\x00user\x00north\x00database\x00north\x00\x00"
STARTTLS = b"\x00\x00\x00\x08\x04\xd2\x16\x2f"


@dataclass(frozen=True)
class Port:
    """One port of one group; ``hello`` is what a client without TLS would begin with."""

    group: str
    number: int
    hello: bytes = HTTP
    mutual: bool = False
    starttls: bool = False


PORTS = [
    Port("etcd", 2379, mutual=True),
    Port("etcd", 2380, mutual=True),
    Port("patroni", 8008),
    Port("patroni", 5432, POSTGRESQL, starttls=True),
    Port("redis", 6379, PING),
    Port("redis", 26379, PING),
    Port("object_storage", 8333),
    Port("image_registry", 5000),
    Port("edge", 443, b"GET /web/login HTTP/1.1\r\nHost: north.lab.erpops.test\r\n\r\n"),
]


def connect(address: str, port: Port) -> socket.socket:
    plain = socket.create_connection((address, port.number), timeout=10)
    if port.starttls:
        plain.sendall(STARTTLS)
        assert plain.recv(1) == b"S", f"expected {address}:{port.number} to offer TLS"
    return plain


def members(estate: Estate, port: Port) -> list[str]:
    return [host.address for host in estate.group(port.group)]
