# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One entry of the ledger: a line of JSON that holds the SHA-256 of the stored bytes of the line before it.

A line begins with the digest of the line before, what happened and to which run, and its own number, in that order and
without a blank. So a verifier finds them by their place and parses nothing, and ``sed -n 7p ledger.jsonl | sha256sum``
shows what line 8 begins with.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

# What the first entry holds in place of a digest.
GENESIS = "0" * 64

# Bytes of a line with its end. What is larger belongs into the record beside the ledger.
LONGEST = 1024

# What an entry that waited in a spool says more than others; a spool leaves room for it.
SPOOLED_ROOM = len(',"spooled":""') + len(GENESIS)

# Every verifier relies on this beginning: it can never change.
BEGINNING = re.compile(
    rb'\{"previous":"(?P<previous>[0-9a-f]{64})","event":"(?P<event>[a-z_]{1,32})","run":"(?P<run>[0-9a-f-]{36})",'
    rb'"n":(?P<n>[1-9][0-9]{0,17})[,}]'
)
PREVIOUS = slice(13, 77)
# Of events with six letters, which those of all ordinary runs have.
EVENT, RUN = slice(88, 94), slice(103, 139)

OPENED, ALLOWED, CLOSED, INTERRUPTED = "opened", "allowed", "closed", "interrupted"
# That somebody has looked at a break-glass run, whichever run saw it.
REVIEWED = "reviewed"
# What is known of a run once the gate has let it through: in its record, and in entries for where it gets none.
ABOUT = ("playbook", "change", "plan", "launcher", "break_glass")
# That a run changed something before the gate had let it through. The last of the names, which are sorted: a verifier
# finds it by its place, too.
UNGATED = "ungated"
ENDS_UNGATED = f',"{UNGATED}":true}}\n'.encode()
# Bytes of these as JSON, so that an entry that has them can say something beside them.
LONGEST_ABOUT = 512
# What an entry that is about no run has in its place.
NO_RUN = "00000000-0000-0000-0000-000000000000"


@dataclass(frozen=True)
class Entry:
    """An entry as data; ``fields`` is everything the writer put into it beside its place in the chain."""

    n: int
    previous: str
    fields: Mapping[str, Any]

    @property
    def event(self) -> str:
        """Return what happened."""
        return str(self.fields.get("event", ""))

    @property
    def run(self) -> str:
        """Return the run it is about."""
        return str(self.fields.get("run", ""))


def digest(stored: bytes) -> str:
    """Return what identifies stored bytes: of a line with its end, of a record as it is."""
    return hashlib.sha256(stored).hexdigest()


def record_name(record: str) -> str:
    """Return the name under which the record with this digest is kept."""
    return f"records/{record}.json"


def compose(before: bytes, fields: Mapping[str, Any], *, longest: int = LONGEST) -> bytes:
    """Return the line that follows ``before`` (empty for the first); raise ValueError for what cannot be one."""
    taken = {"n", "previous"} & fields.keys()
    if taken:
        raise ValueError(f"an entry: expected none of its own fields to be given, found {', '.join(sorted(taken))}")
    rest = {name: fields[name] for name in sorted(fields) if fields[name] is not None and name not in ("event", "run")}
    number = parse(before).n + 1 if before else 1
    data = {
        "previous": digest(before) if before else GENESIS,
        "event": fields.get("event"),
        "run": fields.get("run"),
        "n": number,
        **rest,
    }
    line = json.dumps(data, separators=(",", ":")).encode() + b"\n"
    if not BEGINNING.match(line):
        raise ValueError(
            f"entry {number}: expected an event of a-z and _ and the UUID of a run, found event {data['event']!r} and"
            f" run {data['run']!r}"
        )
    if len(line) > longest:
        raise ValueError(
            f"entry {number}: expected at most {longest} bytes, found {len(line)}; keep what is long in the record"
        )
    return line


def parse(line: bytes) -> Entry:
    """Return the entry of a line; raise ValueError where it is none."""
    found = BEGINNING.match(line)
    if not found or not line.endswith(b"\n"):
        raise ValueError(f"expected an entry of a ledger, found {line[:80]!r}")
    try:
        data = json.loads(line)
    except ValueError as error:
        raise ValueError(f"expected an entry of a ledger, found {line[:80]!r} ({error})") from error
    fields = {name: value for name, value in data.items() if name not in ("n", "previous")}
    return Entry(int(found["n"]), found["previous"].decode(), fields)
