# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What calendar files came to, kept by their digest: reading 10,000 events anew takes seconds.

The key holds everything the result depends on: the bytes, the time that was asked for, the libraries, and the rules of
the zones. What is kept is plain data, never objects that would run code when they are loaded.
"""

from __future__ import annotations

import hashlib
import json
import os
import stat
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from zoneinfo import TZPATH

from ansible_collections.erpops.estate.plugins.module_utils.clients.calendar_files import read
from ansible_collections.erpops.estate.plugins.module_utils.policy.change.calendar_events import Entry
from ansible_collections.erpops.estate.plugins.module_utils.policy.change.spans import Span
from ansible_collections.erpops.estate.plugins.module_utils.policy.inventory_model import Finding

# Another one whenever a file is read otherwise than before: what is kept was read by the rules of then.
FORMAT = 2
LIBRARIES = ("icalendar", "recurring-ical-events", "tzdata")
# How far ahead calendars are read: at least five months, since it begins with the month.
HORIZON = timedelta(days=190)


def asked(now: datetime) -> Span:
    """Return the time for which calendars are read: the same all month, so that what is kept serves all month."""
    first = now.astimezone(UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0) - timedelta(days=1)
    return int(first.timestamp()), int((first + HORIZON).timestamp())


def read_all(
    files: Mapping[str, bytes], span: Span, directory: str | None = None
) -> tuple[dict[str, list[Entry]], list[Finding]]:
    """Return the entries of each file; with a directory, what was read before is not read again.

    Files with anything wrong are not kept: they are wrong again next time.
    """
    place = _private(Path(directory)) if directory else None
    ground = json.dumps([FORMAT, span, _versions()])
    found: dict[str, list[Entry]] = {}
    faults: list[Finding] = []
    for file, content in sorted(files.items()):
        kept = place / f"{hashlib.sha256(ground.encode() + content).hexdigest()}.json" if place else None
        entries = _load(kept) if kept else None
        if entries is None:
            entries, problems = read(file, content, span)
            faults += problems
            if kept and not problems:
                _save(kept, entries)
        found[file] = entries
    return found, faults


def _versions() -> list[str]:
    return [_version(library) for library in LIBRARIES] + [_zone_rules()]


def _version(library: str) -> str:
    try:
        return version(library)
    except PackageNotFoundError:
        return ""


def _zone_rules() -> str:
    """Return what the system's own rules begin with, which is their version."""
    for directory in TZPATH:
        try:
            with open(os.path.join(directory, "tzdata.zi"), encoding="utf-8") as stream:
                return stream.readline().strip()
        except OSError:
            continue
    return ""


def _private(directory: Path) -> Path | None:
    """Return the directory, or None where somebody else could write into it: what is kept decides over gates."""
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    status = directory.stat()
    private = status.st_uid == os.getuid() and not status.st_mode & (stat.S_IWGRP | stat.S_IWOTH)
    return directory if private else None


def _load(path: Path) -> list[Entry] | None:
    try:
        rows = json.loads(path.read_text(encoding="utf-8"))["entries"]
        return [
            Entry(line, uid, summary, status, tuple(categories), tuple(zip(times[::2], times[1::2], strict=True)))
            for line, uid, summary, status, categories, times in rows
        ]
    except (OSError, ValueError, TypeError, KeyError):
        return None


def _save(path: Path, entries: list[Entry]) -> None:
    rows = [
        (
            entry.line,
            entry.uid,
            entry.summary,
            entry.status,
            entry.categories,
            [s for span in entry.spans for s in span],
        )
        for entry in entries
    ]
    draft = path.with_suffix(f".{os.getpid()}")
    draft.write_text(json.dumps({"entries": rows}, separators=(",", ":")), encoding="utf-8")
    draft.replace(path)
