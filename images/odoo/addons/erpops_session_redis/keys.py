# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How sessions are laid out in Redis. Pure: names, lifetimes and the checks on what becomes part of a name.

Instances may not SCAN or KEYS (the access rules of Redis do not bind these to a prefix), so the store keeps an index:

``<prefix>session:<sid>``
    the session as JSON, with an expiry
``<prefix>sids:<identifier>``
    set of the session ids that share an identifier (their first 42 characters, which Odoo stores in its device log)
``<prefix>saved``
    sorted set of all session ids by the time they were saved last
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

IDENTIFIER_LENGTH = 42
_IDENTIFIER = re.compile(r"[A-Za-z0-9_-]{42}")


class Keys:
    """The names under one instance's prefix."""

    def __init__(self, prefix: str) -> None:
        self._prefix = prefix
        self.saved = f"{prefix}saved"
        self.probe = f"{prefix}probe"

    def session(self, sid: str) -> str:
        """Return the name of a session's value."""
        return f"{self._prefix}session:{sid}"

    def sids(self, identifier: str) -> str:
        """Return the name of the set of session ids that share this identifier."""
        return f"{self._prefix}sids:{identifier}"


def identifier_of(sid: str) -> str:
    """Return the part of a session id that stays the same when it is rotated softly."""
    return sid[:IDENTIFIER_LENGTH]


def checked_identifier(identifier: str) -> str:
    """Return the identifier, or raise: it comes from records that users may have written."""
    if not _IDENTIFIER.fullmatch(identifier):
        raise ValueError(f"session identifier {identifier!r} is not {IDENTIFIER_LENGTH} characters of base64url")
    return identifier


def lifetime_of(session: Mapping[str, Any], lifetime: int, now: float) -> int:
    """Return for how many seconds a session is kept.

    A session that was rotated says itself when it ends; requests that were on their way with the old id still find
    it until then.
    """
    ends = session.get("deletion_time")
    if ends is None:
        return lifetime
    return max(1, min(lifetime, int(ends - now) + 1))
