# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an interrupted act has left behind is a difference: told, and taken back before health is asked."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from ansible_collections.erpops.estate.plugins.module_utils.health.verdict import Verdict
from ansible_collections.erpops.estate.plugins.module_utils.policy.converge import Action, Decision
from ansible_collections.erpops.estate.plugins.module_utils.service import run as service_run


class Edge:
    """A member whose host may have been asked to leave by somebody who died."""

    def __init__(self, *, left: bool) -> None:
        self.left = left

    def left_behind(self) -> list[str]:
        return ["it is asked to leave"] if self.left else []

    def take_back(self) -> list[str]:
        done, self.left = (["it may stay now"] if self.left else []), False
        return done


class Converger:
    """A service on whose host everything else is as it should be."""

    def __init__(self, member: Edge) -> None:
        self.member = member
        self.actions: list[str] = []
        self.definition = SimpleNamespace(name="keepalived")

    def survey(self) -> Any:
        same = SimpleNamespace(aspects={"image": "sha256:1"}, replace={"image": "sha256:1"})
        return SimpleNamespace(decision=Decision(Action.NONE), changed=False, observed=same, desired=same)

    def carry_out(self, _survey: Any, *, gate_timeout: float) -> Verdict:
        assert gate_timeout == 0
        return Verdict(not self.member.left)


@pytest.fixture(autouse=True)
def no_files(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service_run, "diff_of", lambda _survey: [])
    monkeypatch.setattr(service_run, "differences", lambda _name, _survey: [])


def converge(member: Edge, *, check: bool) -> dict[str, Any]:
    converger: Any = Converger(member)
    return service_run.run(converger, replace="gated", gate_timeout=0, check=check)


def test_it_is_taken_back_before_health_is_asked() -> None:
    found = converge(Edge(left=True), check=False)
    assert (found["changed"], found["reasons"]) == (True, ["it is asked to leave"])
    assert (found["actions"], found["health"]["ok"]) == (["it may stay now"], True)


def test_check_mode_tells_it_and_leaves_it() -> None:
    member = Edge(left=True)
    assert (converge(member, check=True)["changed"], member.left) == (True, True)


def test_where_nothing_is_left_nothing_changes() -> None:
    assert converge(Edge(left=False), check=False)["changed"] is False


def test_the_record_of_a_run_has_the_image_before_and_after_and_what_was_seen() -> None:
    survey: Any = SimpleNamespace(
        observed=SimpleNamespace(aspects={"image": "sha256:1"}), desired=SimpleNamespace(replace={"image": "sha256:2"})
    )
    definition: Any = SimpleNamespace(name="traefik")
    declared = service_run._declared(survey, definition, {"ok": False, "reasons": ["no answer"]})
    assert [(piece["kind"], piece["data"]) for piece in declared] == [
        ("before", {"traefik image": "sha256:1"}),
        ("after", {"traefik image": "sha256:2"}),
        ("verification", {"name": "traefik", "ok": False, "details": "no answer"}),
    ]


def test_what_was_taken_back_is_seen_and_no_image_was_changed() -> None:
    kinds = [piece["kind"] for piece in converge(Edge(left=True), check=False)["evidence"]]
    assert kinds == ["verification"]
