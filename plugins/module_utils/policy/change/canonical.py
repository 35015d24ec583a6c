# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Canonical JSON: one text for one value, so that its digest identifies it.

As RFC 8785 has it: UTF-8, no blanks, keys sorted by their UTF-16 code units, only the escapes that JSON asks for, whole
numbers within what every reader keeps exactly. Numbers with a fraction are refused instead of being spelled as
ECMAScript would: write them in a smaller unit.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any

MOST_EXACT = 2**53 - 1


def canonical(value: Any) -> bytes:
    """Return the one text of a value; raise ValueError for what has none."""
    text = json.dumps(_ordered(value, "$"), ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return text.encode()


def digest(value: Any) -> str:
    """Return the SHA-256 of the one text of a value."""
    return f"sha256:{hashlib.sha256(canonical(value)).hexdigest()}"


def _ordered(value: Any, place: str) -> Any:
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        return _text(value, place)
    if isinstance(value, int):
        if abs(value) > MOST_EXACT:
            raise ValueError(f"{place}: expected a whole number up to {MOST_EXACT}, found {value}")
        return value
    if isinstance(value, Mapping):
        for key in value:
            if not isinstance(key, str):
                raise ValueError(f"{place}: expected keys that are texts, found {key!r}")
            _text(key, place)
        keys = sorted(value, key=lambda name: name.encode("utf-16-be"))
        return {key: _ordered(value[key], f"{place}.{key}") for key in keys}
    if isinstance(value, Sequence) and not isinstance(value, (bytes, bytearray)):
        return [_ordered(entry, f"{place}[{index}]") for index, entry in enumerate(value)]
    raise ValueError(f"{place}: expected what JSON knows, without fractions, found {type(value).__name__}")


def _text(value: str, place: str) -> str:
    try:
        value.encode()
    except UnicodeEncodeError as error:
        raise ValueError(f"{place}: expected text, found half of a character") from error
    return value
