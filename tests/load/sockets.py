"""Websockets that stay open, as every screen has one: asked each second whether they live, opened again when not."""

from __future__ import annotations

import ssl
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from wsproto import ConnectionType, WSConnection
from wsproto.events import AcceptConnection, CloseConnection, Ping, Pong, RejectConnection
from wsproto.events import Request as Handshake
from wsproto.utilities import ProtocolError

from tests.load.outcome import Told
from tests.load.wire import Wire, broken

EVERY = 1.0
# A socket whose question is not answered within this is dead, although nobody closed it.
SILENCE = 5.0


class Gone(OSError):
    """The websocket ended: it was closed, or fell silent."""


@dataclass(frozen=True)
class Outage:
    """From the moment a socket was gone, in seconds of the monotonic clock, until it was open again."""

    at: float
    seconds: float
    why: str


@dataclass
class Listener:
    """One screen. Each handshake is a request like any other; ``heard`` is told what came of it."""

    wire: Wire
    cookie: str
    stop: threading.Event
    heard: Callable[[float, Told], None]
    outages: list[Outage] = field(default_factory=list)
    answers: list[float] = field(default_factory=list)

    def run(self) -> None:
        """Keep one websocket open until told to stop."""
        gone: tuple[float, str] | None = None
        while not self.stop.is_set():
            due = time.monotonic()
            tls: ssl.SSLSocket | None = None
            try:
                tls = self.wire.connect()
                status, socket = self._open(tls)
            except (OSError, ProtocolError) as error:
                self._hear(due, broken(error, sent=tls is not None))
            else:
                # 101 is to a handshake what 200 is to other requests.
                self._hear(due, Told(200 if status == 101 else status))
                if status == 101:
                    if gone:
                        self.outages.append(Outage(gone[0], time.monotonic() - gone[0], gone[1]))
                    gone = self._listen(tls, socket)
            finally:
                if tls is not None:
                    tls.close()
            # Who has just lost a socket asks for another at once, after that once a second.
            if gone is None or gone[0] < due:
                self.stop.wait(max(0.0, due + EVERY - time.monotonic()))
        if gone:
            self.outages.append(Outage(gone[0], time.monotonic() - gone[0], f"{gone[1]}; not open again"))

    def _hear(self, due: float, told: Told) -> None:
        if not self.stop.is_set():
            self.heard(due, told)

    def _open(self, tls: ssl.SSLSocket) -> tuple[int, WSConnection]:
        socket = WSConnection(ConnectionType.CLIENT)
        headers = [(b"Cookie", self.cookie.encode()), (b"Origin", f"https://{self.wire.name}".encode())]
        tls.sendall(socket.send(Handshake(self.wire.name, "/websocket?version=", extra_headers=headers)))
        while True:
            data = tls.recv(65536)
            if not data:
                raise Gone("closed during the handshake")
            socket.receive_data(data)
            for event in socket.events():
                if isinstance(event, AcceptConnection):
                    return 101, socket
                if isinstance(event, RejectConnection):
                    return event.status_code, socket

    def _listen(self, tls: ssl.SSLSocket, socket: WSConnection) -> tuple[float, str] | None:
        """Ask once a second; return when and why there is no answer any more, nothing when told to stop."""
        while not self.stop.is_set():
            asked = time.monotonic()
            tls.settimeout(SILENCE)
            try:
                tls.sendall(socket.send(Ping()))
                self._await_pong(tls, socket)
                self.answers.append(time.monotonic() - asked)
                self._idle(tls, socket, asked + EVERY)
            except TimeoutError:
                return asked, f"silent for {SILENCE:.0f} s"
            except (OSError, ProtocolError) as error:
                return time.monotonic(), f"{type(error).__name__}: {error}"
        return None

    def _await_pong(self, tls: ssl.SSLSocket, socket: WSConnection) -> None:
        while not self._receive(tls, socket):
            pass

    def _idle(self, tls: ssl.SSLSocket, socket: WSConnection, until: float) -> None:
        """Read on until the next question is due, so that an end is noticed when it comes."""
        while (left := until - time.monotonic()) > 0 and not self.stop.is_set():
            tls.settimeout(min(left, 0.2))
            try:
                self._receive(tls, socket)
            except TimeoutError:
                continue

    def _receive(self, tls: ssl.SSLSocket, socket: WSConnection) -> bool:
        """Take what comes next; return whether it answers a question."""
        data = tls.recv(65536)
        if not data:
            raise Gone("closed without a word")
        socket.receive_data(data)
        pong = False
        for event in socket.events():
            if isinstance(event, CloseConnection):
                raise Gone(f"closed with code {event.code}")
            if isinstance(event, Ping):
                tls.sendall(socket.send(event.response()))
            pong = pong or isinstance(event, Pong)
        return pong
