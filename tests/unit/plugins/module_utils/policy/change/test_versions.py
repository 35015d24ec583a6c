# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What runs before, and what follows from what becomes another: whether there is a way back."""

from __future__ import annotations

import re
from typing import Any

import pytest
import yaml
from ansible_collections.erpops.estate.plugins.module_utils.health.verdict import Verdict
from ansible_collections.erpops.estate.plugins.module_utils.policy.change.going_on import going_on
from ansible_collections.erpops.estate.plugins.module_utils.policy.change.plan import Plan
from ansible_collections.erpops.estate.plugins.module_utils.policy.change.planned import plan_of
from ansible_collections.erpops.estate.plugins.module_utils.policy.change.playbook_plans import planned, with_no_return
from ansible_collections.erpops.estate.plugins.module_utils.policy.change.site_plan import PLAYS, REWRITES
from ansible_collections.erpops.estate.plugins.module_utils.policy.change.telling import sentences, steps
from ansible_collections.erpops.estate.plugins.module_utils.policy.change.versions import (
    as_begun,
    declared_images,
    images_of,
    running,
    told,
    versions,
)
from ansible_collections.erpops.estate.plugins.module_utils.policy.declared_services import OWN_IMAGES
from hypothesis import given
from hypothesis import strategies as st

from tests.conftest import REPOSITORY
from tests.unit.plugins.module_utils.policy.change.worlds import plan

Data = dict[str, Any]
GROUPS = {"estate": ["n1", "n2", "n3"], "redis": ["n1", "n2"], "odoo": ["n1"], "etcd": ["n3"]}
OLD = {"redis": "r:1", "sentinel": "r:1", "odoo_north_web": "o:1", "odoo_other_web": "o:7", "somebody's": "x:1"}


@given(st.sets(st.sampled_from(["a@sha256:1", "b:5000/c@sha256:2", "not known on n1"])))
def test_versions_come_back_from_their_text_whatever_their_order(found: set[str]) -> None:
    assert versions(told(found)) == found
    assert told(sorted(found)) == told(sorted(found, reverse=True))


@pytest.mark.parametrize(
    ("seen", "expected"),
    [
        ({"n1": OLD, "n2": OLD, "n3": {"etcd": "e:1"}}, {"redis": "r:1", "odoo": "o:1", "etcd": "e:1"}),
        ({"n1": OLD, "n2": {**OLD, "redis": "r:2"}}, {"redis": "r:1 and r:2"}),
        ({"n1": {}, "n2": {}, "n3": {}}, {"redis": "none", "odoo": "none", "etcd": "none"}),
        ({"n1": OLD, "n2": None}, {"redis": "not known on n2 and r:1", "odoo": "o:1"}),
        ({"n1": OLD}, {"redis": "not known on n2 and r:1"}),
    ],
    ids=["all alike", "one differs", "nothing runs", "an engine is silent", "a host is silent"],
)
def test_what_hosts_run_is_told_by_the_names_of_images(seen: Data, expected: Data) -> None:
    found = running(["n1", "n2", "n3"], GROUPS, ["north"], seen)
    assert {name: found[name] for name in expected} == expected
    assert set(found) == {"redis", "odoo", "etcd"}


def test_only_hosts_of_the_run_are_told_of() -> None:
    assert running(["n3"], GROUPS, ["north"], {"n3": {"etcd": "e:1"}}) == {"etcd": "e:1"}


def site(tags: str = "all", modules: str = "sale", own: Data | None = None, **seen: Data | None) -> Data:
    """Return the plan of site.yml for hosts that run what is seen there, else what was there before."""
    return planned(
        "site",
        {
            "change": "CHG-1",
            "hosts": GROUPS["estate"],
            "groups": GROUPS,
            "tags": [tags],
            "skip_tags": [],
            "images": {"redis": "r:2", "odoo": "o:2", "etcd": "e:1", "postgresql": "p:1"},
            "own_images": own or {},
            "instances": ["north"],
            "declared": [{"name": "north", "modules": modules.split()}],
            "seen": {"n1": OLD, "n2": OLD, "n3": {"etcd": "e:1"}, **seen},
        },
    )


def test_a_plan_has_the_versions_of_what_its_steps_run_and_of_nothing_else() -> None:
    whole = site()
    assert whole["before"] == {"image etcd": "e:1", "image odoo": "o:1", "image redis": "r:1"}
    assert whole["after"] == {
        "image etcd": "e:1",
        "image odoo": "o:2",
        "image redis": "r:2",
        "installed in north": "sale",
    }
    assert site("redis_sentinel")["after"] == {"image redis": "r:2"}
    assert site("certificates")["after"] == {}
    assert images_of(["estate"]) == frozenset()


@pytest.mark.parametrize(
    ("own", "expected"),
    [
        ({}, {"odoo": "o:2", "redis": "r:2"}),
        ({"odoo": {"n1": "o:3", "n2": "o:3", "n3": "o:9"}}, {"odoo": "o:3", "redis": "r:2"}),
        ({"odoo": {"n1": "o:3", "n2": "", "n3": "o:9"}}, {"odoo": "o:2 and o:3", "redis": "r:2"}),
        ({"redis": {"n1": "r:3"}}, {"odoo": "o:2", "redis": "r:2"}),
        ({"object_storage": {"n3": "s:1"}}, {"object_storage": "s:1", "odoo": "o:2", "redis": "r:2"}),
        ({"object_storage": {"n1": "s:1"}}, {"odoo": "o:2", "redis": "r:2"}),
    ],
    ids=["of the estate", "a role's own", "on one host alone", "no role's own", "nowhere else", "on another host"],
)
def test_a_role_s_own_image_wins_as_it_does_in_the_role(own: Data, expected: Data) -> None:
    groups = {"odoo": ["n1", "n2"], "redis": ["n1"], "object_storage": ["n3"]}
    images = {"odoo": "o:2", "redis": "r:2", "etcd": "e:1"}
    assert declared_images(["odoo", "redis", "object_storage"], ["n1", "n2", "n3"], groups, images, own) == expected


def test_the_plan_has_the_images_that_roles_take() -> None:
    assert site(own={"odoo": {"n1": "o:3"}})["after"]["image odoo"] == "o:3"
    said = yaml.safe_load((REPOSITORY / "playbooks" / "site.yml").read_text(encoding="utf-8"))[1]["vars"]["gate_plan"]
    assert set(re.findall(r"attribute='(\w+)_image'", said)) == set(OWN_IMAGES)


BEGUN = {"before": {"image redis": "r:1", "leader": "n1"}, "after": {"image redis": "r:2"}}


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        ("r:1", "r:1"),
        ("r:1 and r:2", "r:1"),
        ("r:2", "r:1"),
        ("none", "r:1"),
        ("r:1 and r:3", "r:1 and r:3"),
        ("not known on n1 and r:1", "not known on n1 and r:1"),
    ],
    ids=["untouched", "half way", "done", "stopped", "somebody else's", "not known"],
)
def test_a_plan_that_goes_on_has_the_versions_of_when_it_was_begun(now: str, expected: str) -> None:
    made = {"before": {"image redis": now, "more": "x"}, "after": BEGUN["after"]}
    assert as_begun(made, BEGUN) == {"image redis": expected, "more": "x"}
    other = {"before": {"image redis": now}, "after": {"image redis": "r:9"}}
    assert as_begun(other, BEGUN) == other["before"], "of another aim it is another plan"


def whole(before: str, **more: Any) -> Plan:
    """Return a plan of site.yml, as the gate has it."""
    made = {**BEGUN, "before": {"image redis": before}, "playbook": "site", "steps": [{"name": "redis"}], **more}
    said = {"change": "CHG-1", "estate": "lab", "commit": "1", "rollback": "x"}
    aim = {"environment": "production", "kind": "patch", "parts": []}
    return plan_of(with_no_return({**said, "target": aim, **made}))


@pytest.mark.parametrize(
    ("more", "same"),
    [
        ({}, True),
        ({"given": {"a": "b"}}, False),
        ({"after": {**BEGUN["after"], "inventory": "sha256:2"}}, False),
        ({"commit": "2"}, False),
        ({"playbook": "site --tags redis_sentinel"}, False),
        ({"steps": [{"name": "redis", "seconds": 60}]}, False),
    ],
    ids=["nothing", "what it is called with", "the inventory", "the policy", "tags", "estimates"],
)
def test_it_goes_on_by_the_plan_that_was_begun_where_nothing_else_differs(more: Data, same: bool) -> None:
    begun, met = whole("r:1"), whole("r:2", **more)
    assert begun.no_return == "redis"
    assert going_on(met, begun) == (begun if same else met)
    assert going_on(whole("r:9"), begun) == whole("r:9"), "what somebody else did"


NEW = {"redis": "r:2", "sentinel": "r:2", "odoo_north_web": "o:2"}
KNOWN = {"installed in north": "sale"}


@pytest.mark.parametrize(
    ("made", "before", "step"),
    [
        (site(n1=NEW, n2=NEW), KNOWN, ""),
        (site(n1=NEW, n2=NEW), {}, "odoo"),
        (site(n1=NEW, n2=NEW, modules="sale stock"), KNOWN, "odoo"),
        (site(n1=NEW, n2=NEW, modules=""), KNOWN, ""),
        (site(), KNOWN, "redis"),
        (site(n2=NEW), KNOWN, "redis"),
        (site(n3={"etcd": "e:0"}), KNOWN, "etcd"),
        (site(n1=NEW, n2=None), KNOWN, "redis"),
        (site(n1={}, n2={}, n3={}), KNOWN, ""),
        (site("odoo"), KNOWN, ""),
        (site("etcd", n1=None, n2=None), {}, ""),
    ],
    ids=[
        "nothing becomes another",
        "nobody knows what is installed",
        "a module is new",
        "one is declared no more",
        "Redis",
        "one Redis of two",
        "etcd comes first",
        "nobody knows what runs",
        "nothing was there",
        "code of Odoo alone",
        "what is no step",
    ],
)
def test_from_which_step_there_is_only_forward(made: Data, before: Data, step: str) -> None:
    found = with_no_return({**made, "before": {**made["before"], **before}})
    assert found.get("no_return", "") == step
    assert [one["name"] for one in found["steps"] if one.get("reason")] == ([step] if step else [])


def test_the_steps_that_rewrite_are_steps_with_their_images() -> None:
    by_step = {play.step: images_of(play.groups) for play in PLAYS}
    assert all(image in by_step[step] for step, image in REWRITES.items())


@pytest.mark.parametrize(
    ("done", "ok", "said"),
    [
        ((), True, "The way back is open until restart; from there on there is only forward."),
        (("drain", "restart"), True, ""),
        (("drain",), False, "restart is ahead: the way back is open."),
        (("restart",), False, "restart is behind: there is only forward."),
        ((), False, ""),
    ],
)
def test_the_gate_says_on_which_side_of_it_a_run_is(done: tuple[str, ...], ok: bool, said: str) -> None:
    pointed = plan(no_return="restart")
    found = sentences(Verdict.of([] if ok else ["no"]), pointed, done)
    assert said in found
    assert bool(said) is ("back" in found or "forward" in found)
    assert "forward" not in sentences(Verdict.of([] if ok else ["no"]), plan(), done)


def test_it_is_named_where_it_stands() -> None:
    assert "node1, 1200 s; from here there is only forward" in "\n".join(steps(plan(no_return="restart")))
    with pytest.raises(ValueError, match="no_return: expected the name of a step, found 'x'"):
        plan_of(plan(no_return="x").as_dict())
