# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a verification of a ledger came to, and how far its word goes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.erpops.estate.plugins.module_utils.evidence.tampering import Wrong


@dataclass(frozen=True)
class Question:
    """What is to be verified, and against what; all but the ledger may be empty."""

    ledger: str
    allowed_signers: str = ""
    revoked: str = ""
    bucket: str = ""
    checkpoints: str = ""
    estate: str = ""
    records: bool = False


@dataclass(frozen=True)
class Vouched:
    """Up to which entry somebody vouches for the ledger, and who; 0 where nobody does."""

    n: int = 0
    by: str = ""
    at: str = ""


@dataclass(frozen=True)
class Report:
    """What was verified, what is wrong, and what nobody could tell from what was there."""

    entries: int
    digest: str
    wrong: Wrong | None = None
    findings: Sequence[str] = ()
    unfinished: Sequence[Mapping[str, Any]] = ()
    ungated: Sequence[Mapping[str, Any]] = ()
    signed: Vouched = field(default_factory=Vouched)
    copied: Vouched = field(default_factory=Vouched)

    @property
    def ok(self) -> bool:
        """Return whether nothing is wrong; runs without an end or without the gate are not wrong, they are said."""
        return self.wrong is None and not self.findings

    def limits(self) -> Iterator[str]:
        """Yield what this verification cannot tell."""
        if self.wrong:
            yield f"What stands behind entry {self.wrong.entry} was not verified."
            return
        vouched = max(self.signed.n, self.copied.n)
        if vouched == 0:
            yield (
                "Nobody vouches for this ledger: neither a signed checkpoint nor a copy of the bucket was there."
                " Whoever could write the file could have written all of it anew."
            )
        elif vouched < self.entries:
            left = self.entries - vouched
            yield (
                f"Nobody vouches for the last {left} entries, from {vouched + 1} on: whoever could write the file could"
                " have changed them."
            )
        yield (
            f"Entries behind {self.entries} that were cut off before a checkpoint or the bucket had them, or together"
            " with those, cannot be missed."
        )

    def as_dict(self) -> dict[str, Any]:
        """Return the report as plain data."""
        return {
            "ok": self.ok,
            "entries": self.entries,
            "digest": self.digest,
            "first_wrong": (
                {"entry": self.wrong.entry, "kind": str(self.wrong.kind), "found": self.wrong.sentence}
                if self.wrong
                else None
            ),
            "findings": list(self.findings),
            "unfinished": [dict(run) for run in self.unfinished],
            "ungated": [dict(run) for run in self.ungated],
            "signed": vars(self.signed),
            "copied": vars(self.copied),
            "limits": list(self.limits()),
        }

    def lines(self) -> Iterator[str]:
        """Yield the report for a terminal."""
        if self.wrong:
            yield f"WRONG: the first wrong entry is {self.wrong.entry} ({self.wrong.kind}): {self.wrong.sentence}"
            yield f"The {self.wrong.entry - 1} entries before it are a chain."
        else:
            yield f"The {self.entries} entries are a chain; the last one has the digest {self.digest}."
        for finding in self.findings:
            yield f"WRONG: {finding}"
        if self.signed.n:
            yield f"Signed up to entry {self.signed.n} by {self.signed.by}, {self.signed.at}."
        if self.copied.n:
            yield f"The same up to entry {self.copied.n} in {self.copied.by}."
        for run in self.unfinished:
            yield f"Never closed: {_run(run)}, opened {run.get('at')} by entry {run.get('n')}."
        for run in self.ungated:
            closed = f"closed {run.get('at')} by entry {run.get('n')}"
            yield f"Changed something without the gate's yes: {_run(run)}, {closed}."
        yield from self.limits()


def _run(entry: Mapping[str, Any]) -> str:
    """Return which run an entry is of, and what it was about as far as that is known."""
    about = f" of {entry['change']}" if entry.get("change") else ""
    about += f", launched by {entry['launcher']}" if entry.get("launcher") else ""
    about += " by break-glass" if entry.get("break_glass") else ""
    return f"{entry.get('playbook') or 'a run'} {entry.get('run')}{about}"
