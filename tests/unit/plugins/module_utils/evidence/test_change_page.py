# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import replace
from html.parser import HTMLParser
from typing import Any

import pytest
from ansible_collections.erpops.estate.plugins.filter.changes import FilterModule
from ansible_collections.erpops.estate.plugins.module_utils.evidence.change_page import render
from ansible_collections.erpops.estate.plugins.module_utils.evidence.page import shown
from ansible_collections.erpops.estate.plugins.module_utils.evidence.record import Failure, Record, Step
from ansible_collections.erpops.estate.plugins.module_utils.evidence.timeline import (
    MOST_ROWS,
    chosen,
    duration,
    timeline,
)

STEP = Step("Release", "Replace <odoo>", "erpops.estate.service", 60.0, 90.0, changed=("app1", "app2"))
RECORD = Record(
    run="r1",
    estate="lab",
    playbook="release.yml",
    started="2026-11-23T08:00:00Z",
    ended="2026-11-23T08:05:00Z",
    seconds=300.0,
    outcome="succeeded",
    origin={"account": "ada", "host": "bastion1"},
    change="CHG-7",
    plan={
        "commit": "abc",
        "playbook": "release",
        "given": {"release": "2.0"},
        "before": {"image odoo": "sha256:aa"},
        "after": {"image odoo": "sha256:bb"},
        "outage_seconds": 15,
        "rollback": "the release before",
        "no_return": "Upgrade",
        "steps": [{"name": "Drain", "hosts": ["app1"], "seconds": 30}, {"name": "Upgrade", "instances": ["acme"]}],
    },
    plan_digest="sha256:1234",
    approvals=[{"person": "bob", "role": "release manager"}],
    verdicts=[
        {"ok": False, "reasons": ["frozen until Monday"], "at": "08:00"},
        {
            "ok": True,
            "reasons": [],
            "at": "2026-11-23T08:01:00.123456+00:00",
            "approvals": {"bob": "release manager"},
            "next_opening": "2026-11-23T08:02:00+00:00",
            "closes": "2026-11-23T10:00:00+01:00",
            "about": {"instances": ["acme"], "reason": "It ships faster.", "requester": "ann", "title": "Odoo 2"},
        },
    ],
    before={"odoo": "1.0", "gone": "x"},
    after={"odoo": "2.0"},
    verification=[{"name": "orders", "ok": True, "details": "1200 of 1200"}],
    steps=(Step("Release", "Drain", "erpops.estate.traefik_server", 0.0, 30.0, ok=2), STEP),
)
ENTRY = {"n": 12, "record": "abcd"}


class Balanced(HTMLParser):
    """Sees whether what is opened is closed, and whether anything is fetched."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert not {"src", "href"} & {name for name, _value in attrs}
        if tag not in ("meta", "line", "rect", "path"):
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        pass

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def page(*records: Record, entries: Sequence[dict[str, Any]] = ()) -> str:
    text = render("CHG-7", [(ENTRY, record) for record in records], entries)
    parser = Balanced()
    parser.feed(text)
    assert parser.open == []
    assert "url(" not in text
    return text


def test_everything_of_a_change_is_on_its_page() -> None:
    text = page(RECORD)
    headings = re.findall(r"<h2>(.*?)</h2>", text)
    assert headings == [
        "What it is about",
        "Plan",
        "Approvals",
        "Verdicts of the gate",
        "Timeline",
        "What changed",
        "Before and after",
        "Verification",
        "Evidence",
    ]
    for expected in (
        "release.yml succeeded in 5 min 0 s; it changed 2 hosts in 2 places.",
        "sha256:1234",
        "<td>Reason</td><td>It ships faster.</td>",
        "estate lab, 2026-11-23 08:00:00 UTC to 2026-11-23 08:05:00 UTC",
        "release, called with release: 2.0",
        "<td>image odoo</td><td>sha256:aa</td><td>sha256:bb</td>",
        "users wait for 15 s at most",
        "no way back from: Upgrade",
        "<td>2026-11-23 08:01:00 UTC</td><td>yes</td>",
        "approved by bob: release manager; the window closes 2026-11-23 10:00:00 +0100",
        "release manager",
        "frozen until Monday",
        "Replace &lt;odoo&gt;",
        "app1, app2",
        "<td>odoo</td><td>1.0</td><td>2.0</td>",
        "<td>gone</td><td>x</td><td></td>",
        "1200 of 1200",
        "<code>abcd</code>",
        "account ada; host bastion1",
    ):
        assert expected in text
    assert 'class="verdict"' in text
    first = re.findall(r"<tr class=\"\"><td>(\w+)</td>", text)[:4]
    assert first == ["Title", "Reason", "Requester", "Instances"]


def test_what_failed_stands_at_the_top() -> None:
    bad = replace(RECORD, outcome="failed", failures=(Failure("app2", "Replace", "no image"),))
    text = page(bad)
    assert 'class="verdict ill"' in text
    assert "app2: Replace: no image" in text
    unverified = replace(RECORD, verification=[{"name": "orders", "ok": False, "details": "1199 of 1200"}])
    assert "not verified: orders: 1199 of 1200" in page(unverified)
    assert 'class="verdict ill"' in page(unverified)


def test_several_runs_of_a_change_are_told_apart() -> None:
    text = page(replace(RECORD, outcome="interrupted"), RECORD)
    assert "Timeline of run 1" in text
    assert "Timeline of run 2" in text
    assert "the last of 2 runs" in text


def test_approvals_are_shown_once_and_by_what_tells_them_apart() -> None:
    same = {"format": "f/1", "change": "CHG-7", "plan": "sha256:1234", "fault": "", "where": "/srv/a.json"}
    ada = {**same, "decision": "approve", "expires": "2026-11-30T08:00:00+00:00", "person": "ada"}
    eve = {**same, "decision": "launch", "expires": "2026-11-23T09:00:00+00:00", "person": "eve"}
    text = page(replace(RECORD, approvals=[ada, eve]), replace(RECORD, approvals=[ada, eve, ada]))
    table = text[text.index("<h2>Approvals</h2>") :].partition("</table>")[0]
    assert re.findall(r'<th scope="col">(.*?)</th>', table) == ["Person", "Decision", "Expires"]
    assert re.findall(r"<td>(\w+)</td>", table) == ["ada", "approve", "eve", "launch"]
    assert "<td>2026-11-30 08:00:00 UTC</td>" in table
    other = {**ada, "plan": "sha256:5678"}
    assert "sha256:5678" in page(replace(RECORD, approvals=[ada, other])), "one for another plan is told apart"


def test_without_approvals_of_their_own_those_the_gate_counted_are_shown() -> None:
    counted = replace(RECORD, approvals=(), verdicts=[{"ok": True, "approvals": {"release manager": ["bob"]}}])
    assert "<li>release manager: bob</li>" in page(counted)


def test_why_a_run_could_not_wait_stands_beside_its_verdict() -> None:
    judged = {"ok": True, "break_glass": "orders <cannot> be saved", "skipped": ["window", "approvals"]}
    text = page(replace(RECORD, verdicts=[judged]))
    assert "by break-glass, because orders &lt;cannot&gt; be saved; skipped window, approvals" in text


LOST = {
    "n": 14,
    "event": "allowed",
    "run": "r9",
    "at": "2026-11-23T09:00:00Z",
    "playbook": "release.yml",
    "plan": "sha256:1234",
    "launcher": "eve",
    "break_glass": True,
}


def test_a_run_that_was_killed_is_on_the_page_and_what_ended_before_it_is_not_the_last_word() -> None:
    killed = {"n": 15, "event": "interrupted", "run": "r9", "found": "its process is gone"}
    text = page(RECORD, entries=[LOST, killed])
    assert "<h2>Runs that were killed or never closed</h2>" in text
    row = "<td>2026-11-23 09:00:00 UTC</td><td>release.yml r9</td><td>eve</td><td>yes</td><td>sha256:1234</td>"
    assert row in text
    assert "killed: its process is gone, as entry 15 says" in text
    assert 'class="verdict ill"' in text
    assert "run r9 began after it and was killed" in text
    gone_by = page(RECORD, entries=[{**LOST, "n": 3}, killed])
    assert 'class="verdict"' in gone_by
    assert row in gone_by


def test_a_run_that_passed_the_gate_by_is_on_the_page_and_not_well() -> None:
    about = {"run": "r1", "playbook": "release.yml", "at": "2026-11-23T08:05:00Z", "changed": 2}
    bare = {**ENTRY, **about, "ungated": True}
    text = render("CHG-7", [(bare, RECORD)], [bare])
    assert "<h2>Runs that changed something without the gate&#x27;s yes</h2>" in text
    assert "<td>2026-11-23 08:05:00 UTC</td><td>release.yml r1</td><td>2</td><td>12</td>" in text
    assert 'class="verdict ill"' in text
    assert "it changed something without the gate&#x27;s yes" in text
    assert 'class="verdict"' in page(RECORD, entries=[bare]), "an earlier run is not the last word"


def test_who_looked_at_a_break_glass_run_is_on_the_page_whichever_run_saw_it() -> None:
    seen = {
        "n": 31,
        "event": "reviewed",
        "run": "of another change",
        "ran": "eve, flo",
        "by": "ada",
        "given": "2026-11-24T09:00:00+00:00",
        "due": "2026-11-24T08:00:00+00:00",
        "late": True,
    }
    for text in (page(RECORD, entries=[seen]), page(entries=[LOST, seen])):
        assert "<h2>Reviews of break-glass</h2>" in text
        row = "<td>eve, flo</td><td>ada</td><td>2026-11-24 09:00:00 UTC</td><td>2026-11-24 08:00:00 UTC</td>"
        assert f"{row}<td>late</td><td>31</td>" in text
    assert "<td>in time</td>" in page(RECORD, entries=[{**seen, "late": False}])


def test_a_change_of_which_every_run_was_killed_has_a_page() -> None:
    text = page(entries=[LOST])
    assert "no run of it has left a record" in text
    assert "release.yml r9" in text
    assert "<h1>Change CHG-7</h1>" in text


def test_a_change_that_never_ran_is_said_to_be_none() -> None:
    assert "no run of it is in the ledger" in render("CHG-9", [])


def test_the_filter_takes_what_the_module_returns() -> None:
    found = [{"entry": ENTRY, "record": json.loads(json.dumps(RECORD.as_dict()))}]
    drawn = FilterModule().filters()["change_page"]
    assert drawn(found, "CHG-7") == render("CHG-7", [(ENTRY, RECORD)]).replace("()", "")
    assert "release.yml r9" in drawn(found, "CHG-7", [LOST])


def test_bars_stand_where_and_as_long_as_the_steps_were() -> None:
    drawing = timeline(RECORD.steps, RECORD.seconds).html
    bars = re.findall(r'<rect class="bar ?(\w*)" x="([\d.]+)" y="(\d+)" width="([\d.]+)"', drawing)
    assert [(mark, float(x), float(width)) for mark, x, _y, width in bars] == [
        ("", 330.0, 62.0),
        ("changed", 454.0, 186.0),
    ]
    assert "● Replace" in drawing


def test_of_very_many_steps_those_that_matter_are_drawn_in_their_order() -> None:
    many = [Step("p", f"t{index}", "a", float(index), index / 1000) for index in range(500)]
    many[3] = replace(many[3], changed=("h",))
    many[5] = replace(many[5], failed=("h",))
    rows = chosen(many)
    assert len(rows) == MOST_ROWS
    assert [row.task for row in rows[:2]] == ["t3", "t5"]
    assert [row.started for row in rows] == sorted(row.started for row in rows)
    assert "440 shorter ones left out" in timeline(many, 500).html
    assert "0 steps in 0.0 s" in timeline([], 0).html


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [(0.04, "0.0 s"), (59.94, "59.9 s"), (60, "1 min 0 s"), (3599, "59 min 59 s"), (7260, "2 h 1 min")],
)
def test_a_length_of_time_is_said_as_a_person_would(seconds: float, expected: str) -> None:
    assert duration(seconds) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [(None, ""), (True, "yes"), (["a", 1], "a, 1"), ({"a": [1], "b": False}, "a: 1; b: no"), (1.5, "1.5")],
)
def test_values_are_shown_as_a_person_reads_them(value: Any, expected: str) -> None:
    assert shown(value) == expected
