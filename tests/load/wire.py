"""Requests through the virtual address, on new connections and on kept ones. Nothing is ever sent twice."""

from __future__ import annotations

import select
import socket
import ssl
import threading
from dataclasses import dataclass, field
from http.client import HTTPException, HTTPSConnection

from tests.estate.world import Estate, Instance
from tests.load.outcome import PATIENCE, Failure, Told


@dataclass(frozen=True)
class Request:
    """What is sent."""

    method: str
    path: str
    headers: dict[str, str] = field(default_factory=dict, repr=False)
    body: bytes | None = None


class _Connection(HTTPSConnection):
    def __init__(self, wire: Wire) -> None:
        super().__init__(wire.name, context=wire.context, timeout=wire.patience)
        self._wire = wire
        self.age = "new"

    def connect(self) -> None:
        self.sock = self._wire.connect()

    def alive(self) -> bool:
        """Whether the other end has kept it too: one that is readable while nothing was asked has been closed."""
        return self.sock is not None and not select.select([self.sock], [], [], 0)[0]


@dataclass
class Wire:
    """The way users take, and the connections they keep."""

    name: str
    address: tuple[str, int]
    context: ssl.SSLContext
    patience: float = PATIENCE
    opened: int = 0
    reused: int = 0
    _idle: list[_Connection] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @classmethod
    def to(cls, estate: Estate, instance: Instance) -> Wire:
        """Return the way to an instance through the virtual address, verified against the estate's CA."""
        return cls(instance.host_name, (estate.virtual_ip, 443), estate.tls())

    def connect(self) -> ssl.SSLSocket:
        """Connect to the address and verify the certificate for the name."""
        plain = socket.create_connection(self.address, self.patience)
        try:
            return self.context.wrap_socket(plain, server_hostname=self.name)
        except BaseException:
            plain.close()
            raise

    def ask(self, request: Request, *, kept: bool) -> Told:
        """Send one request and say what came of it, whatever that is."""
        connection = self._take() if kept else None
        if connection is None:
            connection = _Connection(self)
            try:
                connection.connect()
            except OSError as error:
                return broken(error, sent=False)
            with self._lock:
                self.opened += 1
        headers = request.headers if kept else {**request.headers, "Connection": "close"}
        try:
            connection.request(request.method, request.path, request.body, headers)
            response = connection.getresponse()
            body = response.read()
        except (OSError, HTTPException) as error:
            connection.close()
            return broken(error, sent=True, detail=f", on a {connection.age} connection")
        connection.age = "kept"
        if kept and connection.alive():
            with self._lock:
                self._idle.append(connection)
        else:
            connection.close()
        return Told(response.status, body)

    def close(self) -> None:
        """Close what is idle."""
        with self._lock:
            for connection in self._idle:
                connection.close()
            self._idle.clear()

    def _take(self) -> _Connection | None:
        """Return a kept connection that still stands, if any. The one idle longest goes first, so all are used."""
        while True:
            with self._lock:
                if not self._idle:
                    return None
                connection = self._idle.pop(0)
            if connection.alive():
                with self._lock:
                    self.reused += 1
                return connection
            connection.close()


def broken(error: Exception, *, sent: bool, detail: str = "") -> Told:
    """Return what is known when an error is all that came."""
    kind = Failure.RESET
    if isinstance(error, TimeoutError):
        kind = Failure.MISSING
    elif isinstance(error, ssl.SSLCertVerificationError):
        kind = Failure.UNTRUSTED
    return Told(broken=kind, sent=sent, detail=f"{type(error).__name__}: {error}{detail}")
