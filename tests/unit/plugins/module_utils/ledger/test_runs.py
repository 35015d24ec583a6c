# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.erpops.estate.plugins.module_utils.clients.ledger_file import LedgerDirectory
from ansible_collections.erpops.estate.plugins.module_utils.evidence.entry import LONGEST, SPOOLED_ROOM
from ansible_collections.erpops.estate.plugins.module_utils.ledger import info
from ansible_collections.erpops.estate.plugins.module_utils.ledger.runs import Runs
from ansible_collections.erpops.estate.plugins.module_utils.ledger.stored import Stored
from ansible_collections.erpops.estate.plugins.module_utils.ledger.writer import local

from tests.unit.plugins.module_utils.ledger.memory import run

ABOUT = {"playbook": "site.yml", "change": "CHG-1", "plan": "sha256:1", "launcher": "eve", "break_glass": True}
# As long as the policy lets names be, and more.
LONG = {**ABOUT, "change": f"CHG-{'9' * 60}", "plan": f"sha256:{'f' * 64}", "launcher": "e" * 81}


@pytest.fixture
def place(tmp_path: Path) -> LedgerDirectory:
    return LedgerDirectory(str(tmp_path))


def runs(place: LedgerDirectory) -> Runs:
    return Runs(local(place, "a-name-that-no-estate-has-for-its-length"), place)


def kill(place: LedgerDirectory, name: str) -> None:
    """Have a run's process be one that is no more."""
    marker = json.loads(place.get(f"open/{run(name)}.json") or b"")
    place.put(f"open/{run(name)}.json", json.dumps({**marker, "boot": "another"}).encode())


def events(place: LedgerDirectory) -> list[tuple[str, str | None]]:
    return [(found["event"], found.get("change")) for found in info.entries(Stored(place.path))]


@pytest.mark.parametrize("about", [ABOUT, LONG])
def test_a_run_that_was_killed_is_named_by_what_the_gate_let_through(
    place: LedgerDirectory, about: dict[str, Any]
) -> None:
    begun = runs(place)
    begun.open(run("lost"), {"playbook": "site.yml"})
    begun.allow(run("lost"), about)
    assert runs(place).note_killed() == [], "its process lives"
    kill(place, "lost")
    assert runs(place).note_killed() == [run("lost")]
    assert runs(place).note_killed() == []
    allowed, interrupted = info.entries(Stored(place.path), change=about["change"])
    assert (allowed["event"], interrupted["event"]) == ("allowed", "interrupted")
    for found in (allowed, interrupted):
        assert {name: found[name] for name in about} == about
    assert all(len(line) <= LONGEST - SPOOLED_ROOM for line in Stored(place.path).lines())


def test_what_was_let_through_once_is_named_once_and_another_plan_anew(place: LedgerDirectory) -> None:
    begun = runs(place)
    begun.open(run("one"), {"playbook": "site.yml"})
    assert begun.allow(run("one"), ABOUT)
    assert begun.allow(run("one"), dict(ABOUT)) is None
    assert begun.allow(run("one"), {**ABOUT, "change": "CHG-2"})
    begun.close(run("one"), ABOUT, b"{}")
    assert events(place) == [("opened", None), ("allowed", "CHG-1"), ("allowed", "CHG-2"), ("closed", "CHG-1")]


def test_a_run_that_the_gate_was_never_asked_about_is_killed_all_the_same(place: LedgerDirectory) -> None:
    runs(place).open(run("lost"), {"playbook": "site.yml"})
    kill(place, "lost")
    assert runs(place).note_killed() == [run("lost")]
    assert events(place) == [("opened", None), ("interrupted", None)]


def test_what_would_leave_no_room_in_an_entry_is_refused_before_it_stands_in_anybodys_way(
    place: LedgerDirectory,
) -> None:
    begun = runs(place)
    begun.open(run("one"), {"playbook": "site.yml"})
    with pytest.raises(ValueError, match=r"in 512 bytes, found \d+; give the change a shorter name"):
        begun.allow(run("one"), {**ABOUT, "change": "x" * 500})
    kill(place, "one")
    assert runs(place).note_killed() == [run("one")]
