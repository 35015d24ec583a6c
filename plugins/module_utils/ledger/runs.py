# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs in the ledger: one entry when a run begins, one when the gate lets it through, and one when it ends.

A run that was killed has no last one. Whoever opens the next run on the same machine sees that its process is gone
and adds the entry that says so; elsewhere, verification shows it.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from typing import Any, Protocol

from ansible_collections.erpops.estate.plugins.module_utils.clients.ledger_file import LedgerDirectory
from ansible_collections.erpops.estate.plugins.module_utils.evidence import entry
from ansible_collections.erpops.estate.plugins.module_utils.ledger.writer import Written

OPEN = "open"


class Chain(Protocol):
    """A ledger, with a spool or without."""

    def append(self, fields: Mapping[str, Any], record: bytes | None = None) -> Written:
        """Add an entry."""

    def checkpoint(self, line: bytes) -> str:
        """Sign the ledger up to a line."""


class Runs:
    """Opens and closes runs; remembers on this machine which are open."""

    def __init__(self, chain: Chain, directory: LedgerDirectory) -> None:
        self._chain = chain
        self._directory = directory
        self._allowed: Mapping[str, Any] = {}

    def open(self, run: str, fields: Mapping[str, Any]) -> Written:
        """Add the entry that a run begins, after those of runs that were killed."""
        self.note_killed()
        written = self._chain.append({**fields, "event": entry.OPENED, "run": run})
        self._directory.put(_marker(run), json.dumps(_process(os.getpid())).encode())
        return written

    def allow(self, run: str, about: Mapping[str, Any]) -> Written | None:
        """Add the entry that the gate let a run through, and remember for who finds it killed what it was about.

        Asked again before each batch, it adds nothing.
        """
        if about == self._allowed:
            return None
        size = len(json.dumps(about))
        if size > entry.LONGEST_ABOUT:
            raise ValueError(
                f"run {run}: expected what it is about in {entry.LONGEST_ABOUT} bytes, found {size};"
                " give the change a shorter name"
            )
        written = self._chain.append({**about, "event": entry.ALLOWED, "run": run})
        self._directory.put(_marker(run), json.dumps({**_process(os.getpid()), "about": about}).encode())
        self._allowed = about
        return written

    def close(self, run: str, fields: Mapping[str, Any], record: bytes) -> Written:
        """Add the entry that a run has ended, and sign the ledger up to it where there is a key."""
        written = self._chain.append({**fields, "event": entry.CLOSED, "run": run}, record)
        self._directory.remove(_marker(run))
        if not written.spooled:
            self._chain.checkpoint(written.line)
        return written

    def note_killed(self) -> list[str]:
        """Add an entry for each run whose process has gone without closing it; return those runs."""
        killed = {run: about for run, process, about in self._open() if not _is_alive(process)}
        for run, about in killed.items():
            known = {name: about.get(name) for name in entry.ABOUT}
            self._chain.append({**known, "event": entry.INTERRUPTED, "run": run, "found": "its process is gone"})
            self._directory.remove(_marker(run))
        return list(killed)

    def _open(self) -> list[tuple[str, Mapping[str, Any], Mapping[str, Any]]]:
        """Return each run that is open, its process, and what it is about."""
        found = []
        for name in self._directory.names(OPEN):
            try:
                process = json.loads(self._directory.get(name) or b"{}")
            except ValueError:
                process = {}
            about = process.pop("about", {})
            found.append((os.path.basename(name).removesuffix(".json"), process, about))
        return found


def _marker(run: str) -> str:
    return f"{OPEN}/{run}.json"


def _process(pid: int) -> dict[str, Any]:
    """Return what tells a process from a later one with the same number."""
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as stream:
            # The program's name stands in brackets and may hold anything.
            started = stream.read().rpartition(")")[2].split()[19]
        with open("/proc/sys/kernel/random/boot_id", encoding="ascii") as stream:
            boot = stream.read().strip()
    except (OSError, IndexError):
        return {}
    return {"pid": pid, "started": started, "boot": boot}


def _is_alive(process: Mapping[str, Any]) -> bool:
    pid = process.get("pid")
    return isinstance(pid, int) and _process(pid) == process
