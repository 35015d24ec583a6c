# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a ledger has: its last entries, or those of a change or a run, and their records."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any

from ansible_collections.erpops.estate.plugins.module_utils.clients.errors import Refused
from ansible_collections.erpops.estate.plugins.module_utils.clients.ledger_file import LedgerDirectory
from ansible_collections.erpops.estate.plugins.module_utils.evidence.entry import digest, parse, record_name
from ansible_collections.erpops.estate.plugins.module_utils.ledger.stored import Stored


def entries(ledger: Stored, *, change: str = "", run: str = "", last: int = 0) -> list[dict[str, Any]]:
    """Return the entries of a change or a run as plain data, the oldest first; at most the ``last`` ones."""
    wanted = {"change": change, "run": run}
    named = [f'"{name}":{json.dumps(value)}'.encode() for name, value in wanted.items() if value]
    found: deque[bytes] = deque(maxlen=last or None)
    # Of a million lines only those that can be meant are read as JSON, and only when they are known to be wanted.
    found.extend(line for line in ledger.lines() if all(name in line for name in named))
    return [_shown(line) for line in found]


def entries_of(ledger: Stored, changes: Collection[str]) -> list[dict[str, Any]]:
    """Return the entries of several changes as plain data, the oldest first, in one pass."""
    wanted = {json.dumps(change).encode() for change in changes}
    key = b'"change":'
    starts = ((line, line.find(key) + len(key)) for line in ledger.lines() if key in line)
    return [_shown(line) for line, start in starts if line[start : line.find(b'"', start + 1) + 1] in wanted]


def here(directory: LedgerDirectory, found: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return those entries whose records are on this machine; others wrote theirs to the bucket, or to a spool."""
    kept = set(directory.names("records"))
    return [entry for entry in found if entry.get("record") and record_name(str(entry["record"])) in kept]


def records(directory: LedgerDirectory, found: list[dict[str, Any]]) -> Iterator[Mapping[str, Any]]:
    """Yield entry and record, where an entry has one; refuse a record that is not the one the entry names."""
    for entry in found:
        known = str(entry.get("record", ""))
        if not known:
            continue
        content = directory.get(record_name(known))
        what = f"record of entry {entry['n']}, {directory.path}/{record_name(known)}"
        if content is None:
            raise Refused(what, expected="the file", found="none", remedy="fetch it from the bucket")
        if digest(content) != known:
            raise Refused(what, expected=f"SHA-256 {known}", found=digest(content), remedy="run ledger_verify")
        yield {"entry": entry, "record": json.loads(content)}


def _shown(line: bytes) -> dict[str, Any]:
    entry = parse(line)
    return {"n": entry.n, "digest": digest(line), "previous": entry.previous, **entry.fields}
