# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Verifies a ledger offline: the chain, the signed checkpoints, and a copy of the bucket where there is one.

The module ledger_verify calls it, and so does a program of these same files that an auditor runs where there is no
Ansible. It needs the standard library, and ssh-keygen for the signatures.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ansible_collections.erpops.estate.plugins.module_utils.clients.errors import ClientError
from ansible_collections.erpops.estate.plugins.module_utils.evidence.audit import Question, Report, Vouched
from ansible_collections.erpops.estate.plugins.module_utils.evidence.chain import Anchor, Walked, first_difference
from ansible_collections.erpops.estate.plugins.module_utils.evidence.entry import (
    ALLOWED,
    BEGINNING,
    ENDS_UNGATED,
    EVENT,
    OPENED,
    digest,
    parse,
    record_name,
)
from ansible_collections.erpops.estate.plugins.module_utils.evidence.tampering import Kind, Wrong
from ansible_collections.erpops.estate.plugins.module_utils.ledger.stored import Stored
from ansible_collections.erpops.estate.plugins.module_utils.ledger.vouching import narrowed, newest

_BEGINNINGS = (OPENED.encode(), ALLOWED.encode()[:6])


def verify(question: Question, *, head: Anchor | None = None, head_n: int = 0) -> Report:
    """Return what a verification comes to; ``head`` is what etcd knows as the last entry, where it was asked."""
    ledger = Stored(question.ledger)
    findings: list[str] = []
    signed, anchors = newest(question, ledger, findings)
    copied, copy = Vouched(), Stored(question.bucket) if question.bucket else None
    if copy:
        copied = _copied(copy, anchors, findings)
    if head:
        anchors[head_n] = head
    seen = ledger.followed(anchors)
    wrong = seen.wrong
    if wrong and wrong.entry in anchors and question.allowed_signers:
        wrong = narrowed(question, ledger, anchors) or wrong
    if wrong and copy:
        wrong = _named_by_copy(ledger, copy, wrong)
    if question.records and not wrong:
        findings += _records(ledger)
    unfinished = [] if wrong else _unfinished(ledger, seen)
    none = Vouched()
    return Report(
        entries=seen.last,
        digest=seen.digest,
        wrong=wrong,
        findings=findings,
        unfinished=unfinished,
        ungated=[] if wrong else _ungated(ledger, seen),
        signed=none if wrong else signed,
        copied=none if wrong else copied,
    )


def _copied(copy: Stored, anchors: dict[int, Anchor], findings: list[str]) -> Vouched:
    """Return up to where the copy of the bucket is a chain, and let its last entry vouch for the ledger."""
    first, seen = copy.followed_from_its_first()
    if seen.wrong:
        findings.append(f"copy of the bucket {copy.path}: {seen.wrong.sentence}")
    if not first or seen.last < first:
        return Vouched()
    anchors.setdefault(seen.last, Anchor(seen.digest, "the copy of the bucket"))
    return Vouched(seen.last, f"the copy of the bucket {copy.path}")


def _named_by_copy(ledger: Stored, copy: Stored, wrong: Wrong) -> Wrong:
    """Name the first entry that is not as the bucket has it, which says more than the chain alone can."""
    first, seen = copy.followed_from_its_first()
    if seen.wrong or first != 1 or wrong.kind not in (Kind.ALTERED, Kind.INSERTED):
        return wrong
    number = first_difference(ledger.lines(), copy.lines())
    if number is None or number >= wrong.entry:
        return wrong
    return Wrong(
        number,
        Kind.ALTERED,
        f"entry {number} was altered and what follows written anew to fit: the copy of the bucket has another",
    )


def _records(ledger: Stored) -> Iterator[str]:
    for line in ledger.lines():
        entry = parse(line)
        known = str(entry.fields.get("record", ""))
        if known:
            content = ledger.directory.get(record_name(known))
            if content is None:
                yield f"the record of entry {entry.n} is missing: {record_name(known)}"
                return
            if digest(content) != known:
                yield f"the record of entry {entry.n} was altered: {record_name(known)}"
                return


def _unfinished(ledger: Stored, seen: Walked) -> list[Mapping[str, Any]]:
    """Describe the runs that were opened and never closed, the oldest first, with what the gate let through."""
    if not seen.opened:
        return []
    found: dict[str, Mapping[str, Any]] = {}
    for line in ledger.lines():
        # Only a few lines are worth reading as JSON.
        known = BEGINNING.match(line) if line[EVENT] in _BEGINNINGS else None
        if known and known["run"] in seen.opened:
            entry = parse(line)
            found[entry.run] = {**entry.fields, "n": entry.n, **found.get(entry.run, {})}
    return list(found.values())


def _ungated(ledger: Stored, seen: Walked) -> list[Mapping[str, Any]]:
    """Return the last entries of runs that changed something without the gate's yes, the oldest first."""
    if not seen.ungated:
        return []
    found = [parse(line) for line in ledger.lines() if line.endswith(ENDS_UNGATED)]
    return [{**entry.fields, "n": entry.n} for entry in found]


def main(arguments: Sequence[str]) -> int:
    """Verify as the command line asks; 0 where nothing is wrong, 1 where something is, 2 where nothing can be told."""
    parser = argparse.ArgumentParser(prog="ledger-verify", description="Verify a ledger of erpops.estate offline.")
    parser.add_argument("ledger", help="the file of the ledger, its directory, or an exported copy of the bucket")
    parser.add_argument("--allowed-signers", default="", help="OpenSSH's file of whose key may sign checkpoints")
    parser.add_argument("--revoked", default="", help="file of revoked keys")
    parser.add_argument("--bucket", default="", help="directory with an exported copy of the bucket to compare with")
    parser.add_argument("--checkpoints", default="", help="directory with further checkpoints, kept elsewhere")
    parser.add_argument("--estate", default="", help="the estate that checkpoints must be of")
    parser.add_argument("--records", action="store_true", help="compare the records with their digests, too")
    parser.add_argument("--json", action="store_true", help="print the report as JSON")
    given = vars(parser.parse_args(arguments))
    as_json = given.pop("json")
    try:
        report = verify(Question(**given))
    except (ClientError, OSError, ValueError) as error:
        sys.stderr.write(f"{error}\n")
        return 2
    text = json.dumps(report.as_dict(), indent=2) if as_json else "\n".join(report.lines())
    sys.stdout.write(f"{text}\n")
    return 0 if report.ok else 1
