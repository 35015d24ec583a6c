# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Verifiers of SCRAM-SHA-256, as PostgreSQL keeps them (RFC 5803)."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
from collections.abc import Mapping

ITERATIONS = 4096
_VERIFIER = re.compile(r"SCRAM-SHA-256\$(\d+):([A-Za-z0-9+/=]+)\$([A-Za-z0-9+/=]+):([A-Za-z0-9+/=]+)")


def verifier(password: str, salt: bytes, iterations: int = ITERATIONS) -> str:
    """Return what the server has to keep to know this password again. Sent instead of it, no log shows it."""
    salted = hashlib.pbkdf2_hmac("sha256", password.encode(), salt, iterations)
    stored = hashlib.sha256(hmac.digest(salted, b"Client Key", "sha256")).digest()
    server = hmac.digest(salted, b"Server Key", "sha256")
    encoded = [base64.b64encode(part).decode() for part in (salt, stored, server)]
    return f"SCRAM-SHA-256${iterations}:{encoded[0]}${encoded[1]}:{encoded[2]}"


def matches(password: str, kept: str | None) -> bool:
    """Return whether the verifier that is kept belongs to this password."""
    found = _VERIFIER.fullmatch(kept or "")
    if not found:
        return False
    try:
        salt = base64.b64decode(found[2], validate=True)
    except binascii.Error:
        return False
    return hmac.compare_digest(verifier(password, salt, int(found[1])), kept or "")


def others(wanted: Mapping[str, str], kept: Mapping[str, str | None]) -> list[str]:
    """Return the roles that are there and know another password than is wanted."""
    return [name for name, password in wanted.items() if name in kept and not matches(password, kept[name])]


def alteration(role: str, password: str, salt: bytes) -> tuple[str, str]:
    """Return statement and value that give a role, as SQL names it, its password; the password itself is in neither."""
    return f"ALTER ROLE {role} PASSWORD %s", verifier(password, salt)
