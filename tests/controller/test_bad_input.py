# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A run that has everything, and one thing is not as it should be: it is refused by file, place and remedy."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from uuid import UUID

import pytest
from ansible_collections.erpops.estate.plugins.module_utils.ledger.runs import Runs
from ansible_collections.erpops.estate.plugins.module_utils.ledger.settings import load

from tests.controller.governed import ASKED, CHANGE, POLICY, Governed, event


def no_calendar(company: Governed) -> None:
    company.commit(**{"calendars/x.ics": "BEGIN:VCALENDAR\r\nnonsense\r\nEND:VCALENDAR\r\n"})


def a_page(company: Governed) -> None:
    company.commit(**{"calendars/x.ics": "<html>"})


def no_zone(company: Governed) -> None:
    company.commit(**{"calendars/x.ics": event("x", "freeze", 1).replace("Z\r", "\r")})


def unknown_scope(company: Governed) -> None:
    company.commit(**{"calendars/x.ics": event("x", "freeze,instance:harbour", 1)})


def unknown_role(company: Governed) -> None:
    company.commit(**{"policy.yml": POLICY.replace("role: manager", "role: manger")})


def unknown_instance(company: Governed) -> None:
    company.commit(**{f"changes/{CHANGE}.yml": ASKED.replace("[harbor]", "[harbour]")})


def signed_otherwise(company: Governed) -> None:
    """Have the approval of another text lie beside the one that is signed."""
    (path,) = company.approvals.glob("*approve*.json")
    path.write_bytes(path.read_bytes().replace(b'"expires":"20', b'"expires":"21'))


def writable_by_others(company: Governed) -> None:
    (company.repository / "approvers" / "people.yml").chmod(0o664)


def clocks_apart(company: Governed) -> None:
    path = company.path / "try.yml"
    path.write_text(path.read_text().replace("node1: 0.1", "node1: -9.0"))


def ledger_altered(company: Governed) -> None:
    settings = load(str(company.path / "ledger.json"))
    # Of the last entry alone nothing but a checkpoint could tell.
    for number in (7, 8):
        Runs(settings.ledger(), settings.place()).open(str(UUID(int=number)), {"playbook": "try.yml"})
    path = company.ledger / "ledger.jsonl"
    path.write_bytes(path.read_bytes().replace(b"try.yml", b"dry.yml", 1))


@pytest.mark.parametrize(
    ("spoil", "file", "place", "remedy"),
    [
        (no_calendar, "calendars/x.ics:2: calendar", "it cannot be read: ", "Export it again as iCalendar"),
        (a_page, "calendars/x.ics:1: calendar", "it cannot be read: ", "Export it again as iCalendar"),
        (no_zone, "calendars/x.ics:4: event 'x'", "DTSTART has no zone", "Use TZID with a name such as Europe/Berlin"),
        (unknown_scope, "calendars/x.ics:4: event 'x'", "there is no instance 'harbour'", "Did you mean harbor"),
        (unknown_role, "policy.yml:9: rules[0].approvals[0].role", "there is no role 'manger'", "Did you mean manager"),
        (unknown_instance, f"changes/{CHANGE}.yml:7: scope", "there is no instance 'harbour'", "Did you mean harbor"),
        (signed_otherwise, "approve-", "the one of ada does not count: signature of ada", "have it signed again"),
        (writable_by_others, "approvers/people.yml", "found mode 0664", "chmod go-w "),
        (clocks_apart, "clocks: expected node1 within 2 s", "found it -9.0 s off", "mend its time service"),
        (
            ledger_altered,
            "ledger/ledger.jsonl",
            "found entry 1 was altered",
            "explained and mended as docs/ledger.md says",
        ),
    ],
    ids=lambda value: value.__name__ if callable(value) else "",
)
def test_it_is_refused_by_file_place_and_remedy_and_nothing_is_touched(
    tmp_path: Path, spoil: Callable[[Governed], object], file: str, place: str, remedy: str
) -> None:
    company = Governed(tmp_path)
    company.ready()
    spoil(company)
    said = company.run(status=2)
    assert [words for words in (file, place, remedy) if words not in said] == [], said
    assert company.changed() == []
    # Its refusal is kept with the change, wherever it was refused.
    assert (company.record().change, len(company.record().verdicts)) == (CHANGE, 1)
    assert company.record().verdicts[0]["at"]
    assert not (company.ledger / "keys.json").exists(), "nor is the lock taken"
