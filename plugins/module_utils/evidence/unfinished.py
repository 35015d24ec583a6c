# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs that the gate let through and that have no record, since nothing of them lived to write one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from ansible_collections.erpops.estate.plugins.module_utils.evidence.entry import ALLOWED, CLOSED, INTERRUPTED

STILL = "it runs still, or was killed where no run has begun since"


@dataclass(frozen=True)
class Unfinished:
    """A run without a record: its entry of the gate's yes, and the one that says that it was killed, if any does."""

    allowed: Mapping[str, Any]
    killed: Mapping[str, Any] | None = None

    @property
    def n(self) -> int:
        """Return the number of the entry by which it was let through."""
        return int(self.allowed["n"])

    @property
    def end(self) -> str:
        """Return what is known of its end."""
        if self.killed is None:
            return f"never closed: {STILL}"
        return f"killed: {self.killed.get('found')}, as entry {self.killed['n']} says"


def unfinished(entries: Iterable[Mapping[str, Any]]) -> list[Unfinished]:
    """Return those among these entries of the ledger, the oldest first."""
    found: dict[str, Unfinished] = {}
    for entry in entries:
        run, event = str(entry.get("run")), entry.get("event")
        if event == ALLOWED:
            found[run] = Unfinished(entry)
        elif event == INTERRUPTED:
            found[run] = Unfinished(found[run].allowed if run in found else entry, entry)
        elif event == CLOSED:
            found.pop(run, None)
    return list(found.values())
