"""Every port that carries data refuses plaintext, a wrong CA, a wrong name and, where mutual, a bare client."""

from __future__ import annotations

import datetime
import socket
import ssl
from collections.abc import Callable
from functools import partial
from http.client import HTTPSConnection
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.estate.ports import HTTP, PORTS, Port, connect, members
from tests.estate.world import Estate

every_port = pytest.mark.parametrize("port", PORTS, ids=lambda port: f"{port.group}-{port.number}")


def handshake(address: str, port: Port, context: ssl.SSLContext, name: str | None = None) -> None:
    """Shake hands, then read: under TLS 1.3 a client hears only then that it needed a certificate."""
    with connect(address, port) as plain, context.wrap_socket(plain, server_hostname=name or address) as secure:
        if port.mutual:
            secure.sendall(HTTP)
            secure.recv(1)


@pytest.fixture(scope="module")
def other_ca(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A CA that signed nothing here."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "another authority")])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now)
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    file = tmp_path_factory.mktemp("tls") / "ca.crt"
    file.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    return file


@every_port
def test_the_estates_own_ca_and_the_right_name_are_accepted(estate: Estate, port: Port) -> None:
    for address in members(estate, port):
        with connect(address, port) as plain, estate.tls().wrap_socket(plain, server_hostname=address) as secure:
            assert secure.version() in ("TLSv1.2", "TLSv1.3")


@every_port
def test_plaintext_is_refused(estate: Estate, port: Port) -> None:
    for address in members(estate, port):
        with socket.create_connection((address, port.number), timeout=10) as plain:
            plain.sendall(port.hello)
            try:
                answer = plain.recv(4096)
            except ConnectionResetError:
                answer = b""
        # Go's servers and PostgreSQL say so in words, others with a TLS alert or nothing; Traefik has no such page.
        refused = not answer or answer.startswith((b"HTTP/1.0 400", b"HTTP/1.1 404", b"E", b"\x15"))
        assert refused, f"{address}:{port.number} answered {answer[:200]!r}"


@every_port
def test_a_wrong_ca_is_noticed(estate: Estate, port: Port, other_ca: Path) -> None:
    for address in members(estate, port):
        with pytest.raises(ssl.SSLCertVerificationError, match="verify failed"):
            handshake(address, port, ssl.create_default_context(cafile=str(other_ca)))


@every_port
def test_a_wrong_name_is_noticed(estate: Estate, port: Port) -> None:
    for address in members(estate, port):
        with pytest.raises(ssl.SSLCertVerificationError, match="Hostname mismatch"):
            handshake(address, port, estate.tls(), "elsewhere.example.org")


@every_port
@pytest.mark.filterwarnings("ignore:ssl.TLSVersion:DeprecationWarning")
def test_old_versions_are_refused(estate: Estate, port: Port) -> None:
    old = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    old.load_verify_locations(estate.ca_file)
    old.set_ciphers("ALL:@SECLEVEL=0")
    old.minimum_version = ssl.TLSVersion.TLSv1
    old.maximum_version = ssl.TLSVersion.TLSv1_1
    for address in members(estate, port):
        _refused(partial(handshake, address, port, old))


@pytest.mark.parametrize(
    "port", [port for port in PORTS if port.mutual], ids=lambda port: f"{port.group}-{port.number}"
)
def test_without_a_client_certificate_nobody_gets_in(estate: Estate, port: Port) -> None:
    for address in members(estate, port):
        _refused(partial(handshake, address, port, estate.tls()))


@pytest.mark.parametrize(("method", "path"), [("PATCH", "/config"), ("POST", "/reload")])
def test_patroni_takes_orders_from_nobody_without_its_password(estate: Estate, method: str, path: str) -> None:
    for host in estate.group("patroni"):
        connection = HTTPSConnection(host.address, 8008, context=estate.tls(), timeout=10)
        connection.request(method, path, body="{}", headers={"Content-Type": "application/json"})
        assert connection.getresponse().status == 401, host.name


def test_private_keys_are_read_by_their_service_alone(estate: Estate) -> None:
    for host in estate.hosts:
        keys = [host.file(path) for path in host.check_output("find /etc/erpops/tls -name tls.key").split()]
        assert keys, host.name
        assert [key.path for key in keys if key.mode & 0o077] == []


def _refused(attempt: Callable[[], None]) -> None:
    with pytest.raises((ssl.SSLError, ConnectionResetError)):
        attempt()
