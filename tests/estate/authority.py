"""Authorities that are not the estate's own, and what they sign."""

from __future__ import annotations

import datetime
import ipaddress
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

DAY = datetime.timedelta(days=1)


@dataclass(frozen=True)
class Pair:
    """A certificate and its private key."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey

    @property
    def pem(self) -> str:
        return self.certificate.public_bytes(serialization.Encoding.PEM).decode()

    @property
    def der(self) -> bytes:
        return self.certificate.public_bytes(serialization.Encoding.DER)

    @property
    def key_pem(self) -> str:
        return self.key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        ).decode()


def root(name: str) -> Pair:
    """Return a CA that signed itself."""
    return _sign(name, None, ca=True, names=(), days=2)


def intermediate(parent: Pair, name: str) -> Pair:
    """Return a CA that another one signed."""
    return _sign(name, parent, ca=True, names=(), days=2)


def leaf(parent: Pair, names: Sequence[str], *, days: int = 1) -> Pair:
    """Return a server's certificate; with negative days it has expired."""
    return _sign(names[0], parent, ca=False, names=names, days=days)


def given(directory: Path, **variables: Any) -> tuple[str, str]:
    """Return the arguments that give a run variables by a file: secrets stand on no command line."""
    file = directory / "variables.json"
    file.touch(mode=0o600)
    file.write_text(json.dumps(variables), encoding="utf-8")
    return "-e", f"@{file}"


def _sign(subject: str, parent: Pair | None, *, ca: bool, names: Sequence[str], days: int) -> Pair:
    key = ec.generate_private_key(ec.SECP256R1())
    now = datetime.datetime.now(datetime.UTC)
    common = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, subject)])
    builder = (
        x509.CertificateBuilder()
        .subject_name(common)
        .issuer_name(parent.certificate.subject if parent else common)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - 3 * DAY)
        .not_valid_after(now + days * DAY)
        .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
    )
    if names:
        builder = builder.add_extension(x509.SubjectAlternativeName([_name(name) for name in names]), critical=False)
    return Pair(builder.sign(parent.key if parent else key, hashes.SHA256()), key)


def _name(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)
