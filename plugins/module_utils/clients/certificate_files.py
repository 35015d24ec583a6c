# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Certificates and keys in the files of this host."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from ansible_collections.erpops.estate.plugins.module_utils.clients.certificate_pem import Pem, moment
from ansible_collections.erpops.estate.plugins.module_utils.clients.errors import Refused
from ansible_collections.erpops.estate.plugins.module_utils.policy.certificates import Authorities, Found, Place


class CertificateFiles:
    """Reads what lies in ``<directory>/<purpose>`` and judges nothing but signatures and fits.

    ``authority`` signs, ``trusted`` are all CAs that ca.crt should hold; both in PEM.
    """

    def __init__(self, directory: str, authority: str, trusted: str = "") -> None:
        self._pem = Pem()
        self._directory = directory
        self._signer = self._pem.certificate(authority.encode(), "the CA that was given") if authority.strip() else None
        self._trusted = self._pem.certificates((trusted or authority).encode(), "the CAs that were given")
        self._in_place = self._held(os.path.join(directory, "ca.crt"))

    def authority_ends(self) -> datetime | None:
        """Return when the CA that signs expires."""
        return moment(self._signer, "not_valid_after") if self._signer is not None else None

    def authorities(self, unread: Iterable[str] = ()) -> Authorities:
        """Return which CAs there are and should be."""
        known = [*self._trusted, *self._in_place]
        return Authorities(
            signer=self._pem.fingerprint(self._signer) if self._signer is not None else "",
            trusted=self._fingerprints(self._trusted),
            in_place=self._fingerprints(self._in_place),
            names={self._pem.fingerprint(entry): _described(entry) for entry in known},
            unread=tuple(unread),
        )

    def changed_at(self, purposes: Iterable[str]) -> float:
        """Return when a ca.crt was written last, in seconds since the epoch; 0.0 when there is none."""
        paths = [os.path.join(self._directory, *parts, "ca.crt") for parts in ((), *((name,) for name in purposes))]
        return max((os.stat(path).st_mtime for path in paths if os.path.exists(path)), default=0.0)

    def authorities_in_place(self, path: str) -> bool:
        """Return whether the file holds the CAs it should, and no other."""
        return bool(self._trusted) and self._fingerprints(self._held(path)) == self._fingerprints(self._trusted)

    def read(self, purpose: str, supplied: dict[str, str] | None = None) -> Found:
        """Return certificate, key and places of one purpose."""
        base = os.path.join(self._directory, purpose)
        paths = {name: os.path.join(base, name) for name in ("tls.crt", "tls.key", "ca.crt")}
        places = {name: _place(path) for name, path in paths.items()}
        places["directory"] = _place(base)
        beside = self.authorities_in_place(paths["ca.crt"])
        in_place = bool(supplied) and all(
            _holds(paths[name], (supplied or {}).get(part))
            for name, part in (("tls.crt", "certificate"), ("tls.key", "private_key"))
        )
        try:
            certificate = self._pem.certificate(_read(paths["tls.crt"]), "the certificate")
            key = self._pem.public_key(_read(paths["tls.key"]))
        except Refused as error:
            return Found(fault=str(error), places=places, authorities_in_place=beside, supplied_in_place=in_place)
        signer = self._pem.signer(certificate, [*self._trusted, *self._in_place])
        return Found(
            names=self._pem.names(certificate),
            client=self._pem.serves_as_client(certificate),
            signer=self._pem.fingerprint(signer) if signer is not None else "",
            authorities_in_place=beside,
            key_fits=self._pem.encoded(certificate.public_key()) == key,
            supplied_in_place=in_place,
            not_after=moment(certificate, "not_valid_after"),
            places=places,
        )

    def _held(self, path: str) -> list[Any]:
        try:
            return self._pem.certificates(_read(path), path)
        except Refused:
            return []

    def _fingerprints(self, certificates: Iterable[Any]) -> frozenset[str]:
        return frozenset(self._pem.fingerprint(entry) for entry in certificates)


def _described(certificate: Any) -> str:
    return f"{certificate.subject.rfc4514_string()} (until {moment(certificate, 'not_valid_after').date().isoformat()})"


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
