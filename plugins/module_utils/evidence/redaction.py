# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Takes secrets out of what is to be kept for years.

Three times over: what Ansible hides is never looked at, what is called a secret is not kept, and the values of secrets
are taken out of every text that somebody else wrote.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any, Literal, TypeAlias

REDACTED = "[redacted]"

# What is known of data beforehand: that they are our own and stay as they are, or names in them with a shape for each.
Shape: TypeAlias = Mapping[str, "Shape"] | Literal["own"]
OWN: Literal["own"] = "own"
TEXT: Mapping[str, Shape] = {}

# Shorter values would be found in half of all words; the inventory's own rules ask for longer ones.
SHORTEST = 6

_SECRET = re.compile(r"pass(word|phrase|wd)|secret|token|credential|(api|private|access|cipher|encryption)_?key", re.I)
# Where something is kept, when it changes or how long it has to be is no secret; nor is what keeps members of two
# clusters from joining each other, which by default is the estate's name.
_HARMLESS = re.compile(
    r"_(files?|path|dir|directory|name|days|hours|minutes|length|version|count|digest|cluster_token)$", re.I
)


def is_secret(name: str) -> bool:
    """Return whether a variable or a key is called what secrets are called."""
    return bool(_SECRET.search(name)) and not _HARMLESS.search(name)


def values(name: str, value: Any) -> Iterator[str]:
    """Yield the values that have to be taken out, of a variable with whatever is inside it."""
    yield from _values(value, within=is_secret(name))


def redact(data: Any, secrets: Collection[str] = (), *, shape: Shape | None = None) -> Any:
    """Return plain data without what is called a secret, and without the values of secrets in any text.

    Names are texts as well. What the ``shape`` knows stays, whatever a secret may be: names in it, and what is our own.
    """
    # The longest first: one secret may be the beginning of another.
    known = sorted({secret for secret in secrets if len(secret) >= SHORTEST}, key=len, reverse=True)
    pattern = re.compile("|".join(re.escape(secret) for secret in known)) if known else None
    return _redacted(data, pattern, TEXT if shape is None else shape)


def _redacted(data: Any, known: re.Pattern[str] | None, shape: Shape) -> Any:
    if isinstance(data, Mapping):
        return dict(_entry(str(name), value, known, shape) for name, value in data.items())
    if isinstance(data, str):
        return _text(data, None if shape == OWN else known)
    if isinstance(data, bool | int | float) or data is None:
        return data
    if isinstance(data, Sequence | set | frozenset):
        return [_redacted(value, known, shape) for value in data]
    return _text(str(data), known)


def _entry(name: str, value: Any, known: re.Pattern[str] | None, shape: Shape) -> tuple[str, Any]:
    if shape == OWN:
        return name, _redacted(value, known, OWN)
    if name in shape:
        return name, _redacted(value, known, shape[name])
    return _text(name, known), REDACTED if is_secret(name) and value else _redacted(value, known, TEXT)


def _text(text: str, known: re.Pattern[str] | None) -> str:
    return known.sub(REDACTED, text) if known else str(text)


def _values(value: Any, *, within: bool) -> Iterator[str]:
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _values(inner, within=within or is_secret(str(key)))
    elif isinstance(value, str):
        if within:
            # A key of several lines may be shown line by line.
            yield from {text for text in (value, value.strip(), *value.splitlines()) if len(text) >= SHORTEST}
    elif isinstance(value, Sequence):
        for inner in value:
            yield from _values(inner, within=within)
