# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Certificates read from files that were really issued."""

from __future__ import annotations

import ipaddress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from ansible_collections.erpops.estate.plugins.module_utils.clients.certificate_files import CertificateFiles
from ansible_collections.erpops.estate.plugins.module_utils.clients.certificate_pem import Pem
from ansible_collections.erpops.estate.plugins.module_utils.clients.errors import Refused
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

END = datetime(2030, 1, 2, tzinfo=UTC)


class Authority:
    def __init__(self, name: str) -> None:
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        self.certificate = self.sign(self.name, self.key.public_key())

    def sign(
        self, subject: x509.Name, key: ec.EllipticCurvePublicKey, extensions: tuple[x509.ExtensionType, ...] = ()
    ) -> x509.Certificate:
        builder = x509.CertificateBuilder(self.name, subject, key, x509.random_serial_number())
        builder = builder.not_valid_before(END - timedelta(days=397)).not_valid_after(END)
        for extension in extensions:
            builder = builder.add_extension(extension, critical=False)
        return builder.sign(self.key, hashes.SHA256())

    def fingerprint(self) -> str:
        return self.certificate.fingerprint(hashes.SHA256()).hex()

    def pem(self) -> str:
        return self.certificate.public_bytes(serialization.Encoding.PEM).decode()


@pytest.fixture
def authority() -> Authority:
    return Authority("estate CA")


def issue(directory: Path, authority: Authority) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    names = x509.SubjectAlternativeName([x509.DNSName("node1"), x509.IPAddress(ipaddress.ip_address("192.0.2.11"))])
    usage = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH])
    certificate = authority.sign(authority.name, key.public_key(), (names, usage))
    directory.mkdir()
    (directory / "tls.crt").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    (directory / "tls.key").write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    (directory / "ca.crt").write_text(authority.pem())


def test_a_certificate_is_read_whole(tmp_path: Path, authority: Authority) -> None:
    issue(tmp_path / "redis", authority)
    found = CertificateFiles(str(tmp_path), authority.pem()).read("redis")
    assert found.fault == ""
    assert found.names == {"node1", "192.0.2.11"}
    assert found.client
    assert found.signer == authority.fingerprint()
    assert found.authorities_in_place
    assert found.key_fits
    assert found.not_after == END


def test_another_ca_of_the_same_name_did_not_sign_it(tmp_path: Path, authority: Authority) -> None:
    issue(tmp_path / "redis", authority)
    found = CertificateFiles(str(tmp_path), Authority("estate CA").pem()).read("redis")
    assert found.signer == ""
    assert not found.authorities_in_place


def test_each_ca_is_known_by_what_is_on_the_host_and_what_should_be(tmp_path: Path, authority: Authority) -> None:
    issue(tmp_path / "redis", authority)
    new = Authority("new CA")
    (tmp_path / "ca.crt").write_text(authority.pem())
    files = CertificateFiles(str(tmp_path), new.pem(), new.pem())
    assert files.read("redis").signer == authority.fingerprint()
    found = files.authorities(["etcd"])
    assert found.signer == new.fingerprint()
    assert found.trusted == {new.fingerprint()}
    assert found.in_place == {authority.fingerprint()}
    assert found.name(new.fingerprint()) == "CN=new CA (until 2030-01-02)"
    assert found.unread == ("etcd",)
    assert files.authority_ends() == END
    assert files.changed_at(["redis"]) >= (tmp_path / "ca.crt").stat().st_mtime
    both = CertificateFiles(str(tmp_path), new.pem(), new.pem() + "\n" + authority.pem())
    assert not both.authorities_in_place(str(tmp_path / "ca.crt"))
    (tmp_path / "ca.crt").write_text(authority.pem() + new.pem())
    assert both.authorities_in_place(str(tmp_path / "ca.crt"))


def test_a_key_of_another_certificate_does_not_fit(tmp_path: Path, authority: Authority) -> None:
    issue(tmp_path / "redis", authority)
    issue(tmp_path / "etcd", authority)
    (tmp_path / "redis" / "tls.key").write_bytes((tmp_path / "etcd" / "tls.key").read_bytes())
    assert not CertificateFiles(str(tmp_path), authority.pem()).read("redis").key_fits


@pytest.mark.parametrize(
    ("name", "content", "fault"),
    [
        ("tls.crt", "", "the certificate; found nothing"),
        ("tls.crt", "torn", "the certificate; expected a certificate in PEM"),
        ("tls.key", "", "the private key; found nothing"),
        ("tls.key", "torn", "the private key; expected a key in PEM without passphrase"),
    ],
)
def test_a_torn_file_is_a_fault(tmp_path: Path, authority: Authority, name: str, content: str, fault: str) -> None:
    issue(tmp_path / "redis", authority)
    (tmp_path / "redis" / name).write_text(content)
    assert CertificateFiles(str(tmp_path), authority.pem()).read("redis").fault.startswith(fault)


def test_nothing_there_is_a_fault_too(tmp_path: Path) -> None:
    found = CertificateFiles(str(tmp_path), "").read("redis")
    assert found.fault == "the certificate; found nothing"
    assert found.places["directory"].mode == -1


def test_a_ca_that_is_none_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Refused, match="the CA that was given"):
        CertificateFiles(str(tmp_path), "no certificate")


@pytest.mark.parametrize("given_key", [True, False])
def test_a_supplied_certificate_is_compared_as_text(tmp_path: Path, authority: Authority, *, given_key: bool) -> None:
    issue(tmp_path / "edge", authority)
    supplied = {"certificate": (tmp_path / "edge" / "tls.crt").read_text()}
    if given_key:
        supplied["private_key"] = (tmp_path / "edge" / "tls.key").read_text()
    files = CertificateFiles(str(tmp_path), Authority("estate CA").pem())
    assert files.read("edge", supplied).supplied_in_place
    assert not files.read("edge", {**supplied, "certificate": "another"}).supplied_in_place
    assert not files.read("edge").supplied_in_place


def test_a_chain_is_followed_to_a_ca_that_is_trusted(tmp_path: Path, authority: Authority) -> None:
    issue(tmp_path / "redis", authority)
    leaf, key = ((tmp_path / "redis" / name).read_text() for name in ("tls.crt", "tls.key"))
    stranger = Authority("a stranger")
    pem = Pem()
    found = pem.supplied(leaf, key, authority.pem())
    assert found.fault == ""
    assert (found.gap, found.key_fits, found.trusted, found.client) == ("", True, True, True)
    assert found.names == {"node1", "192.0.2.11"}
    assert (found.not_before, found.not_after) == (END - timedelta(days=397), END)
    assert pem.supplied(leaf + authority.pem(), "", stranger.pem() + authority.pem()).trusted
    assert not pem.supplied(leaf, key, stranger.pem()).trusted
    assert pem.supplied(leaf + stranger.pem(), key, "").gap == (
        "'CN=estate CA' was not signed by the certificate that follows it"
    )
    other = stranger.key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    assert not pem.supplied(leaf, other.decode(), "").key_fits
    assert pem.supplied("torn", key, "").fault.startswith("the certificate; expected a certificate in PEM")
    assert pem.supplied(leaf, "torn", "").fault.startswith("the private key; expected a key in PEM")
