# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Certificates and keys in PEM, read by the library cryptography."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any

from ansible_collections.erpops.estate.plugins.module_utils.clients.errors import MissingLibrary, Refused
from ansible_collections.erpops.estate.plugins.module_utils.policy.supplied_certificates import Supplied

_CERTIFICATE = re.compile(rb"-----BEGIN CERTIFICATE-----.+?-----END CERTIFICATE-----", re.DOTALL)


class Pem:
    """What certificates say, and who signed whom."""

    def __init__(self) -> None:
        try:
            from cryptography import x509
            from cryptography.exceptions import InvalidSignature
            from cryptography.hazmat.primitives import hashes, serialization
        except ImportError as error:
            raise MissingLibrary(
                "the Python library cryptography",
                found=str(error),
                remedy="install the package python3-cryptography",
            ) from error
        self._x509 = x509
        self._hashes = hashes
        self._serialization = serialization
        self._invalid_signature = InvalidSignature

    def certificate(self, content: bytes, what: str) -> Any:
        """Return the first certificate."""
        if not content:
            raise Refused(what, found="nothing")
        try:
            return self._x509.load_pem_x509_certificate(content)
        except ValueError as error:
            raise Refused(what, expected="a certificate in PEM", found=str(error)) from error

    def certificates(self, content: bytes, what: str) -> list[Any]:
        """Return all certificates in their order."""
        return [self.certificate(part, what) for part in _CERTIFICATE.findall(content)]

    def public_key(self, content: bytes) -> bytes:
        """Return the public half of a private key."""
        if not content:
            raise Refused("the private key", found="nothing")
        try:
            key = self._serialization.load_pem_private_key(content, password=None)
        except (ValueError, TypeError) as error:
            raise Refused("the private key", expected="a key in PEM without passphrase", found=str(error)) from error
        return self.encoded(key.public_key())

    def encoded(self, key: Any) -> bytes:
        """Return a public key in a form that can be compared."""
        serialization = self._serialization
        return bytes(key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo))

    def fingerprint(self, certificate: Any) -> str:
        """Return the SHA-256 of a certificate in hexadecimal digits."""
        return bytes(certificate.fingerprint(self._hashes.SHA256())).hex()

    def names(self, certificate: Any) -> frozenset[str]:
        """Return DNS names and IP addresses."""
        try:
            names = certificate.extensions.get_extension_for_class(self._x509.SubjectAlternativeName).value
        except self._x509.ExtensionNotFound:
            return frozenset()
        dns = names.get_values_for_type(self._x509.DNSName)
        return frozenset([*dns, *map(str, names.get_values_for_type(self._x509.IPAddress))])

    def serves_as_client(self, certificate: Any) -> bool:
        """Return whether a client may present it."""
        try:
            usage = certificate.extensions.get_extension_for_class(self._x509.ExtendedKeyUsage).value
        except self._x509.ExtensionNotFound:
            return True
        return self._x509.oid.ExtendedKeyUsageOID.CLIENT_AUTH in usage

    def signer(self, certificate: Any, authorities: Iterable[Any]) -> Any | None:
        """Return the authority that signed it."""
        return next((authority for authority in authorities if self._signed_by(certificate, authority)), None)

    def supplied(self, chain: str, private_key: str, authorities: str) -> Supplied:
        """Return what a supplied certificate says of itself; a key that is not given is not judged."""
        try:
            certificate = self.certificate(chain.encode(), "the certificate")
            links = self.certificates(chain.encode(), "the certificate")
            key = self.public_key(private_key.encode()) if private_key else None
            trusted = self.certificates(authorities.encode(), "the estate's CA")
        except Refused as error:
            return Supplied(fault=str(error))
        unsigned = (lower for lower, upper in pairwise(links) if not self._signed_by(lower, upper))
        gap = next((str(entry.subject.rfc4514_string()) for entry in unsigned), "")
        last = links[-1]
        return Supplied(
            names=self.names(certificate),
            client=self.serves_as_client(certificate),
            not_before=moment(certificate, "not_valid_before"),
            not_after=moment(certificate, "not_valid_after"),
            key_fits=key is None or self.encoded(certificate.public_key()) == key,
            gap=gap and f"'{gap}' was not signed by the certificate that follows it",
            trusted=last in trusted or self.signer(last, trusted) is not None,
        )

    def _signed_by(self, certificate: Any, authority: Any) -> bool:
        from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa

        if certificate.issuer != authority.subject:
            return False
        key = authority.public_key()
        signed, algorithm = certificate.tbs_certificate_bytes, certificate.signature_hash_algorithm
        try:
            if isinstance(key, ec.EllipticCurvePublicKey):
                key.verify(certificate.signature, signed, ec.ECDSA(algorithm))
            elif isinstance(key, rsa.RSAPublicKey):
                key.verify(certificate.signature, signed, padding.PKCS1v15(), algorithm)
            else:
                key.verify(certificate.signature, signed)
        except self._invalid_signature:
            return False
        return True


def moment(certificate: Any, name: str) -> datetime:
    """Return a date of a certificate with its zone."""
    # The aware properties came with cryptography 42; Debian 12 has 38.
    aware: datetime | None = getattr(certificate, f"{name}_utc", None)
    naive: datetime = getattr(certificate, name) if aware is None else aware
    return naive.replace(tzinfo=UTC)
