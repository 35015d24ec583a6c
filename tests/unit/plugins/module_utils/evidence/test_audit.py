# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest
from ansible_collections.erpops.estate.plugins.module_utils.evidence.audit import Report, Vouched
from ansible_collections.erpops.estate.plugins.module_utils.evidence.tampering import Kind, Wrong

END = "Entries behind 9 that were cut off before a checkpoint or the bucket had them, or together with those, cannot be"
WRONG = Wrong(4, Kind.ALTERED, "entry 4 was altered: so")


@pytest.mark.parametrize(
    ("report", "ok", "limits"),
    [
        (Report(9, "d"), True, ["Nobody vouches for this ledger", END]),
        (Report(9, "d", signed=Vouched(7)), True, ["Nobody vouches for the last 2 entries, from 8 on", END]),
        (Report(9, "d", signed=Vouched(7), copied=Vouched(9)), True, [END]),
        (Report(9, "d", findings=["a checkpoint is none"], signed=Vouched(9)), False, [END]),
        (Report(9, "d", unfinished=[{"run": "r"}], signed=Vouched(9)), True, [END]),
        (Report(3, "d", wrong=WRONG), False, ["What stands behind entry 4 was not verified."]),
    ],
)
def test_a_report_says_what_it_cannot_tell(report: Report, ok: bool, limits: list[str]) -> None:
    assert report.ok == ok
    found = list(report.limits())
    assert len(found) == len(limits)
    assert all(sentence.startswith(expected) for sentence, expected in zip(found, limits, strict=True))


def test_a_report_for_a_terminal() -> None:
    unfinished = [{"run": "r", "playbook": "x.yml", "n": 8, "at": "then"}]
    ungated = [{"run": "u", "playbook": "y.yml", "change": "CHG-1", "n": 7, "at": "before"}]
    report = Report(9, "d", None, (), unfinished, ungated, Vouched(9, "ada", "then"), Vouched(9, "the copy"))
    assert list(report.lines())[:-1] == [
        "The 9 entries are a chain; the last one has the digest d.",
        "Signed up to entry 9 by ada, then.",
        "The same up to entry 9 in the copy.",
        "Never closed: x.yml r, opened then by entry 8.",
        "Changed something without the gate's yes: y.yml u of CHG-1, closed before by entry 7.",
    ]
    assert list(Report(3, "d", wrong=WRONG, findings=["more"]).lines()) == [
        "WRONG: the first wrong entry is 4 (altered): entry 4 was altered: so",
        "The 3 entries before it are a chain.",
        "WRONG: more",
        "What stands behind entry 4 was not verified.",
    ]


def test_a_report_as_data() -> None:
    data = Report(3, "d", wrong=WRONG).as_dict()
    assert (data["ok"], data["entries"]) == (False, 3)
    assert data["first_wrong"] == {"entry": 4, "kind": "altered", "found": "entry 4 was altered: so"}
    assert Report(3, "d").as_dict()["first_wrong"] is None
