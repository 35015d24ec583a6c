"""Every port that carries data refuses plaintext, a wrong CA, a wrong name and, where mutual, a bare client."""

from __future__ import annotations

import datetime
import socket
import ssl
from http.client import HTTPSConnection
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from tests.estate.ports import HTTP, PORTS, Port, connect, members
from tests.estate.world import Estate
from tests.lab import inventory, paths

every_port = pytest.mark.parametrize("port", PORTS, ids=lambda port: f"{port.group}-{port.number}")
mutual_ports = pytest.mark.parametrize(
    "port", [port for port in PORTS if port.mutual], ids=lambda port: f"{port.group}-{port.number}"
)


def handshake(address: str, port: Port, context: ssl.SSLContext, name: str | None = None) -> None:
    """Shake hands, then read: under TLS 1.3 a client hears only then that it needed a certificate."""
    with connect(address, port) as plain, context.wrap_socket(plain, server_hostname=name or address) as secure:
        if port.mutual:
            secure.sendall(HTTP)
            secure.recv(1)


@pytest.fixture(scope="module")
def other_ca(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A CA that signed nothing here, and beside it the key and certificate of a client that it vouches for."""
    directory = tmp_path_factory.mktemp("other-authority")
    key, name = ec.generate_private_key(ec.SECP256R1()), _name("another authority")
    _write(directory / "ca.crt", _certificate(name, key.public_key(), name, key, ca=True))
    client = ec.generate_private_key(ec.SECP256R1())
    _write(directory / "tls.crt", _certificate(_name("node1"), client.public_key(), name, key, ca=False))
    _write(directory / "tls.key", client)
    return directory / "ca.crt"


def _name(common: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common)])


def _certificate(
    subject: x509.Name,
    key: ec.EllipticCurvePublicKey,
    issuer: x509.Name,
    issuer_key: ec.EllipticCurvePrivateKey,
    *,
    ca: bool,
) -> x509.Certificate:
    now = datetime.datetime.now(datetime.UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now)
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
    )
    if not ca:
        usage = [ExtendedKeyUsageOID.CLIENT_AUTH, ExtendedKeyUsageOID.SERVER_AUTH]
        builder = builder.add_extension(x509.ExtendedKeyUsage(usage), critical=False)
    return builder.sign(issuer_key, hashes.SHA256())


def _write(file: Path, what: x509.Certificate | ec.EllipticCurvePrivateKey) -> None:
    if isinstance(what, x509.Certificate):
        file.write_bytes(what.public_bytes(serialization.Encoding.PEM))
        return
    form = serialization.PrivateFormat.PKCS8
    file.write_bytes(what.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption()))


@every_port
def test_the_estates_own_ca_and_every_name_of_a_host_are_accepted(estate: Estate, port: Port) -> None:
    domain = inventory.estate_domain()
    for host in estate.group(port.group):
        for name in (host.address, host.name, f"{host.name}.{domain}"):
            accepted(estate, host.address, port, name)


def test_an_edge_answers_by_every_name_that_users_dial(estate: Estate) -> None:
    [port] = [port for port in PORTS if port.group == "edge"]
    dialled = [name for instance in inventory.instances() for name in instance["host_names"]]
    assert {instance.host_name for instance in estate.instances} <= set(dialled)
    for address in (estate.virtual_ip, *members(estate, port)):
        for name in (estate.virtual_ip, *dialled):
            accepted(estate, address, port, name)


def accepted(estate: Estate, address: str, port: Port, name: str) -> None:
    with connect(address, port) as plain, estate.tls().wrap_socket(plain, server_hostname=name) as secure:
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
        # Go's servers and PostgreSQL say so in words, others with a TLS alert or nothing; the edge has no such page.
        words = (b"HTTP/1.0 400", b"E", b"\x15", *([b"HTTP/1.1 404"] if port.group == "edge" else []))
        refused = not answer or answer.startswith(words)
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
        # The server's own word, so it is not this client that could not.
        with pytest.raises(ssl.SSLError, match="TLSV1_ALERT_PROTOCOL_VERSION"):
            handshake(address, port, old)


@mutual_ports
def test_without_a_client_certificate_nobody_gets_in(estate: Estate, port: Port) -> None:
    for address in members(estate, port):
        with pytest.raises(ssl.SSLError, match="CERTIFICATE_REQUIRED"):
            handshake(address, port, estate.tls())


@mutual_ports
def test_a_client_certificate_of_another_ca_is_refused(estate: Estate, port: Port, other_ca: Path) -> None:
    stranger = estate.tls()
    stranger.load_cert_chain(other_ca.with_name("tls.crt"), other_ca.with_name("tls.key"))
    for address in members(estate, port):
        with pytest.raises(ssl.SSLError, match=r"ALERT_(BAD_CERTIFICATE|UNKNOWN_CA)"):
            handshake(address, port, stranger)


@mutual_ports
def test_the_members_own_client_certificate_is_let_in(estate: Estate, port: Port, tmp_path: Path) -> None:
    for host in estate.group(port.group):
        for name in ("tls.crt", "tls.key"):
            paths.write_private(tmp_path / name, host.file(f"/etc/erpops/tls/{port.group}/{name}").content_string)
        member = estate.tls()
        member.load_cert_chain(tmp_path / "tls.crt", tmp_path / "tls.key")
        handshake(host.address, port, member)


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
