# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.erpops.estate.plugins.module_utils.evidence.unfinished import (
    STILL,
    half_way,
    unfinished,
)

ALLOWED = {"n": 2, "event": "allowed", "run": "r1", "launcher": "eve"}
KILLED = {"n": 5, "event": "interrupted", "run": "r1", "found": "its process is gone"}
CLOSED = {"n": 6, "event": "closed", "run": "r1"}
OTHER = {**ALLOWED, "n": 4, "run": "r2"}


@pytest.mark.parametrize(
    ("entries", "expected"),
    [
        ([], []),
        ([ALLOWED], [(2, f"never closed: {STILL}")]),
        ([ALLOWED, KILLED], [(2, "killed: its process is gone, as entry 5 says")]),
        ([ALLOWED, CLOSED], []),
        ([ALLOWED, KILLED, CLOSED], []),
        ([CLOSED], []),
        ([KILLED], [(5, "killed: its process is gone, as entry 5 says")]),
        ([ALLOWED, OTHER, CLOSED], [(4, f"never closed: {STILL}")]),
    ],
)
def test_runs_that_left_no_record_are_found(entries: list[dict[str, Any]], expected: list[tuple[int, str]]) -> None:
    assert [(found.n, found.end) for found in unfinished(entries)] == expected


def event(
    n: int, what: str, run: str, playbook: str = "site.yml", change: str = "CHG-1", **more: Any
) -> dict[str, Any]:
    return {"n": n, "event": what, "run": run, "playbook": playbook, "change": change, "plan": "sha256:1", **more}


BEGAN = event(1, "allowed", "r1")
STOPPED = event(2, "closed", "r1", outcome="failed", changed=3)
AGAIN, GOOD = event(3, "allowed", "r2"), event(4, "closed", "r2", outcome="succeeded", changed=0)
# Of a machine that reached the ledger again when the change was finished elsewhere.
SPOOLED = [
    {**AGAIN, "n": 3, "at": "2026-03-10T23:20:00.000Z"},
    {**GOOD, "n": 4, "at": "2026-03-10T23:30:00.000Z"},
    {**BEGAN, "n": 5, "at": "2026-03-10T23:00:00.000Z"},
    {**STOPPED, "n": 6, "at": "2026-03-10T23:10:00.000Z"},
]
REFUSED = event(5, "closed", "r3", outcome="failed", changed=0)


@pytest.mark.parametrize(
    ("entries", "expected"),
    [
        ([], []),
        ([BEGAN], [f"site.yml never closed: {STILL}"]),
        ([BEGAN, STOPPED], ["site.yml failed after 3 changes, as entry 2 says"]),
        ([BEGAN, {**STOPPED, "outcome": "interrupted"}], ["site.yml interrupted after 3 changes, as entry 2 says"]),
        ([BEGAN, {**STOPPED, "changed": 0}], []),
        ([BEGAN, {**STOPPED, "outcome": "succeeded"}], []),
        ([BEGAN, STOPPED, AGAIN, GOOD], []),
        ([BEGAN, STOPPED, AGAIN, {**GOOD, "outcome": "failed"}], ["site.yml failed after 3 changes, as entry 2 says"]),
        (SPOOLED, []),
        ([event(1, "closed", "r1", outcome="failed", changed=2)], ["site.yml failed after 2 changes, as entry 1 says"]),
        (
            [event(1, "closed", "r1", outcome="failed", changed=2, plan=None, ungated=True), AGAIN, GOOD],
            ["site.yml failed after 2 changes, as entry 1 says"],
        ),
        ([BEGAN, STOPPED, {**GOOD, "changed": 2}], []),
        (
            [BEGAN, STOPPED, {**GOOD, "changed": 2, "ungated": True}],
            ["site.yml failed after 3 changes, as entry 2 says"],
        ),
        ([BEGAN, STOPPED, REFUSED], ["site.yml failed after 3 changes, as entry 2 says"]),
        (
            [BEGAN, event(2, "interrupted", "r1", found="its process is gone")],
            ["site.yml killed: its process is gone, as entry 2 says"],
        ),
        ([event(2, "interrupted", "r1", found="x")], ["site.yml killed: x, as entry 2 says"]),
        ([event(2, "interrupted", "r1", found="x", plan=None)], []),
        (
            [BEGAN, STOPPED, event(3, "allowed", "r2", "switchover.yml"), {**GOOD, "playbook": "switchover.yml"}],
            ["site.yml failed after 3 changes, as entry 2 says"],
        ),
        ([BEGAN, STOPPED, {**AGAIN, "change": "CHG-2"}, GOOD], ["site.yml failed after 3 changes, as entry 2 says"]),
    ],
    ids=[
        "nothing",
        "runs or was killed elsewhere",
        "stopped",
        "by a person",
        "before it changed anything",
        "finished at once",
        "finished by the next",
        "the next changed nothing",
        "finished before its spool was drained",
        "begun, and its entry of the gate's yes is missing",
        "ungated: nobody knows what is to be finished",
        "finished, and its entry of the gate's yes is missing",
        "an ungated one finishes nothing",
        "the next was refused",
        "killed",
        "killed, as its own entry says",
        "killed before the gate's yes",
        "another playbook",
        "another change",
    ],
)
def test_a_change_is_half_way_until_a_run_of_its_playbook_succeeds(
    entries: list[dict[str, Any]], expected: list[str]
) -> None:
    assert [found.how for found in half_way(entries)] == expected


def test_it_stands_since_the_first_run_that_began_it() -> None:
    first, stopped, again = (
        {**entry, "at": f"2026-03-10T2{entry['n']}:00:00.000Z"} for entry in (BEGAN, STOPPED, AGAIN)
    )
    (found,) = half_way([first, stopped, again])
    assert (found.since, found.allowed["n"]) == (first["at"], 3)
    (found,) = half_way([first, {**stopped, "outcome": "succeeded"}, again])
    assert found.since == again["at"], "it was finished in between"


STEPS = {
    "whole": [{"name": "redis", "hosts": ["n1", "n2", "n3"]}, {"name": "edge", "hosts": ["n1"]}],
    "again": [{"name": "edge", "hosts": ["n1", "n2"]}, {"name": "redis", "hosts": ["n1", "n2", "n3"]}],
    "one host": [{"name": "redis", "hosts": ["n3"]}],
    "one step": [{"name": "redis", "hosts": ["n1", "n2", "n3"]}],
}


@pytest.mark.parametrize(
    ("then", "standing"),
    [
        (["whole"], []),
        (["again"], []),
        (["one host"], ["whole"]),
        (["one step"], ["whole"]),
        (["of no record"], ["whole"]),
        (["one host", "whole"], []),
    ],
)
@pytest.mark.parametrize("failed", [[], ["one host"]], ids=["", "a narrower one failed, too"])
def test_only_a_run_with_no_less_in_it_finishes_another(
    then: list[str], standing: list[str], failed: list[str]
) -> None:
    entries = [
        event(n, what, f"r{run}", plan=plan, outcome=outcome, changed=3)
        for run, (plan, outcome) in enumerate(
            [*((one, "failed") for one in ("whole", *failed)), *((one, "succeeded") for one in then)]
        )
        for n, what in ((2 * run + 1, "allowed"), (2 * run + 2, "closed"))
    ]
    left = failed if then == ["of no record"] else []
    assert [one.allowed["plan"] for one in half_way(entries, lambda plan: STEPS.get(plan, []))] == standing + left
