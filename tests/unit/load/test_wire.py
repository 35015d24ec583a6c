"""What a request hears when the other end behaves, closes, resets or falls silent: real sockets, real TLS."""

from __future__ import annotations

import contextlib
import socket
import ssl
import struct
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from tests.load.outcome import Failure, Fate, fate
from tests.load.wire import Request, Wire

NAME = "load.test"
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
GET = Request("GET", "/")
Server = Callable[[ssl.SSLSocket], None]


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A key and its own certificate in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, NAME)])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(NAME)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    plain = serialization.NoEncryption()
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain)
    file = tmp_path_factory.mktemp("tls") / "server.pem"
    file.write_bytes(pem + made.public_bytes(serialization.Encoding.PEM))
    return file


@pytest.fixture
def serve(certificate: Path) -> Iterator[Callable[..., Wire]]:
    """Return a function that serves one connection after the other as told, and the way there."""
    listening = socket.create_server(("127.0.0.1", 0))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)

    def run(servers: tuple[Server, ...]) -> None:
        for server in servers:
            with contextlib.suppress(OSError):
                accepted = listening.accept()[0]
                with context.wrap_socket(accepted, server_side=True) as connection:
                    server(connection)

    def start(*servers: Server) -> Wire:
        threading.Thread(target=run, args=(servers,), daemon=True).start()
        trust = ssl.create_default_context(cafile=str(certificate))
        return Wire(NAME, listening.getsockname(), trust, patience=0.5)

    yield start
    listening.close()


def answers(times: int) -> Server:
    def server(connection: ssl.SSLSocket) -> None:
        for _request in range(times):
            connection.recv(65536)
            connection.sendall(ANSWER)

    return server


def answers_and_closes_later(connection: ssl.SSLSocket) -> None:
    answers(1)(connection)
    threading.Event().wait(0.1)


def answers_and_waits(connection: ssl.SSLSocket) -> None:
    answers(1)(connection)
    connection.recv(65536)


def resets(connection: ssl.SSLSocket) -> None:
    connection.recv(65536)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    socket.socket(fileno=connection.detach()).close()


def breaks_off(connection: ssl.SSLSocket) -> None:
    connection.recv(65536)
    connection.sendall(ANSWER[:-1])


def closes(connection: ssl.SSLSocket) -> None:
    connection.recv(65536)


def is_silent(connection: ssl.SSLSocket) -> None:
    connection.recv(65536)
    connection.recv(65536)


def test_a_kept_connection_is_used_again(serve: Callable[..., Wire]) -> None:
    wire = serve(answers(3))
    assert [wire.ask(GET, kept=True).body for _ in range(3)] == [b"ok"] * 3
    assert (wire.opened, wire.reused) == (1, 2)


def test_a_new_connection_is_new_and_not_kept(serve: Callable[..., Wire]) -> None:
    wire = serve(answers_and_waits, answers_and_waits)
    assert [wire.ask(GET, kept=False).status for _ in range(2)] == [200, 200]
    assert (wire.opened, wire.reused) == (2, 0)


def test_a_kept_connection_that_was_closed_meanwhile_is_no_failure(serve: Callable[..., Wire]) -> None:
    wire = serve(answers_and_closes_later, answers(1))
    assert wire.ask(GET, kept=True).status == 200
    threading.Event().wait(0.3)
    assert wire.ask(GET, kept=True).status == 200
    assert (wire.opened, wire.reused) == (2, 0)


@pytest.mark.parametrize(
    ("server", "broken"),
    [
        (resets, Failure.RESET),
        (closes, Failure.RESET),
        (breaks_off, Failure.RESET),
        (is_silent, Failure.MISSING),
    ],
)
@pytest.mark.parametrize("kept", [True, False])
def test_what_was_sent_and_not_answered_is_unknown(
    serve: Callable[..., Wire], server: Server, broken: Failure, *, kept: bool
) -> None:
    told = serve(server).ask(GET, kept=kept)
    assert (told.broken, told.sent, fate(told)) == (broken, True, Fate.UNKNOWN)
    assert told.detail


def test_nothing_is_sent_twice(serve: Callable[..., Wire]) -> None:
    wire = serve(closes, answers(1))
    assert wire.ask(GET, kept=True).broken is Failure.RESET
    assert wire.opened == 1


def test_without_a_connection_nothing_was_sent(serve: Callable[..., Wire]) -> None:
    wire = serve()
    with socket.create_server(("127.0.0.1", 0)) as closed:
        wire.address = closed.getsockname()
    told = wire.ask(GET, kept=True)
    assert (told.broken, fate(told)) == (Failure.RESET, Fate.UNSENT)


def test_whom_nobody_vouches_for_is_sent_nothing(serve: Callable[..., Wire]) -> None:
    wire = serve(answers(1))
    wire.name = "another.test"
    told = wire.ask(GET, kept=True)
    assert (told.broken, fate(told)) == (Failure.UNTRUSTED, Fate.UNSENT)
    assert "certificate verify failed" in told.detail
