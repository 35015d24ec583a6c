# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Certificates and keys in the files of this host."""

from __future__ import annotations

import os
import stat
from datetime import UTC, datetime
from typing import Any

from ansible_collections.erpops.estate.plugins.module_utils.clients.errors import MissingLibrary, Refused
from ansible_collections.erpops.estate.plugins.module_utils.policy.certificates import Found, Place


class CertificateFiles:
    """Reads what lies in ``<directory>/<purpose>`` and judges nothing but signatures and fits."""

    def __init__(self, directory: str, authority: str) -> None:
        try:
            from cryptography import x509
            from cryptography.exceptions import InvalidSignature
            from cryptography.hazmat.primitives import serialization
        except ImportError as error:
            raise MissingLibrary(
                "the Python library cryptography",
                found=str(error),
                remedy="install the package python3-cryptography on this host",
            ) from error
        self._x509 = x509
        self._serialization = serialization
        self._invalid_signature = InvalidSignature
        self._directory = directory
        self._authority = self._certificate(authority.encode(), "the CA that was given") if authority.strip() else None

    def authority_in_place(self, path: str, supplied: str = "") -> bool:
        """Return whether the file holds the CA certificate it should: the supplied one or else the estate's."""
        content = _read(path)
        if supplied:
            return content.strip() == supplied.encode().strip()
        if self._authority is None or not content:
            return False
        try:
            return bool(self._certificate(content, path) == self._authority)
        except Refused:
            return False

    def read(self, purpose: str, supplied: dict[str, str] | None = None) -> Found:
        """Return certificate, key and places of one purpose."""
        base = os.path.join(self._directory, purpose)
        paths = {name: os.path.join(base, name) for name in ("tls.crt", "tls.key", "ca.crt")}
        places = {name: _place(path) for name, path in paths.items()}
        places["directory"] = _place(base)
        beside = self.authority_in_place(paths["ca.crt"], (supplied or {}).get("authority") or "")
        if supplied:
            return Found(
                places=places,
                authority_in_place=beside,
                supplied_in_place=_holds(paths["tls.crt"], supplied.get("certificate"))
                and _holds(paths["tls.key"], supplied.get("private_key")),
            )
        try:
            certificate = self._certificate(_read(paths["tls.crt"]), "the certificate")
            key = self._public_key(_read(paths["tls.key"]))
        except Refused as error:
            return Found(fault=str(error), places=places, authority_in_place=beside)
        return Found(
            names=self._names(certificate),
            client=self._serves_as_client(certificate),
            signed_by_authority=self._signed_by_authority(certificate),
            authority_in_place=beside,
            key_fits=self._encoded(certificate.public_key()) == key,
            not_after=_not_after(certificate),
            places=places,
        )

    def _certificate(self, content: bytes, what: str) -> Any:
        if not content:
            raise Refused(what, found="nothing")
        try:
            return self._x509.load_pem_x509_certificate(content)
        except ValueError as error:
            raise Refused(what, expected="a certificate in PEM", found=str(error)) from error

    def _public_key(self, content: bytes) -> bytes:
        if not content:
            raise Refused("the private key", found="nothing")
        try:
            key = self._serialization.load_pem_private_key(content, password=None)
        except (ValueError, TypeError) as error:
            raise Refused("the private key", expected="a key in PEM without passphrase", found=str(error)) from error
        return self._encoded(key.public_key())

    def _encoded(self, key: Any) -> bytes:
        serialization = self._serialization
        return bytes(key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo))

    def _names(self, certificate: Any) -> frozenset[str]:
        try:
            names = certificate.extensions.get_extension_for_class(self._x509.SubjectAlternativeName).value
        except self._x509.ExtensionNotFound:
            return frozenset()
        dns = names.get_values_for_type(self._x509.DNSName)
        return frozenset([*dns, *map(str, names.get_values_for_type(self._x509.IPAddress))])

    def _serves_as_client(self, certificate: Any) -> bool:
        try:
            usage = certificate.extensions.get_extension_for_class(self._x509.ExtendedKeyUsage).value
        except self._x509.ExtensionNotFound:
            return True
        return self._x509.oid.ExtendedKeyUsageOID.CLIENT_AUTH in usage

    def _signed_by_authority(self, certificate: Any) -> bool:
        from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa

        if self._authority is None or certificate.issuer != self._authority.subject:
            return False
        key = self._authority.public_key()
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


def _not_after(certificate: Any) -> datetime:
    # The aware property came with cryptography 42; Debian 12 has 38.
    aware: datetime | None = getattr(certificate, "not_valid_after_utc", None)
    naive: datetime = certificate.not_valid_after if aware is None else aware
    return naive.replace(tzinfo=UTC)


def _read(path: str) -> bytes:
    try:
        with open(path, "rb") as stream:
            return stream.read()
    except (FileNotFoundError, NotADirectoryError):
        return b""


def _holds(path: str, content: str | None) -> bool:
    """A part that was not supplied is not compared, but has to be there."""
    found = _read(path)
    return bool(found) if not content else found.strip() == content.encode().strip()


def _place(path: str) -> Place:
    try:
        status = os.stat(path)
    except (FileNotFoundError, NotADirectoryError):
        return Place()
    return Place(status.st_uid, status.st_gid, stat.S_IMODE(status.st_mode))
