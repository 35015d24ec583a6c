# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest
from ansible_collections.erpops.estate.plugins.module_utils.policy.change.document import Document
from ansible_collections.erpops.estate.plugins.module_utils.policy.change.people import (
    People,
    people,
    role_findings,
    signer_findings,
)
from ansible_collections.erpops.estate.plugins.module_utils.policy.change.requests import change, target, waiver
from ansible_collections.erpops.estate.plugins.module_utils.policy.change.rules import policy, roles_named
from ansible_collections.erpops.estate.plugins.module_utils.policy.change.words import Part

from tests.unit.plugins.module_utils.policy.change.worlds import PEOPLE, POLICY, RULES, document


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (
            "tiers: [critical]",
            "tiers: [criticl]",
            "policy.yml:11: rules[0].for.tiers: there is no tier 'criticl'. Did you",
        ),
        (
            "tier: standard",
            "tier: low",
            "policy.yml:9: instances.harbor.tier: there is no tier 'low'. Declare it among",
        ),
        ("ring: pilot", "ring: first", "policy.yml:9: instances.harbor.ring: there is no ring 'first'. Declare it"),
        ("sites: [north]}", "sites: [west]}", "policy.yml:8: instances.lakeland.sites: there is no site 'west'."),
        (
            "tiers: [standard]",
            "tiers: [critical]",
            (
                "policy.yml:21: rules[1].for: patch in production with tier critical has a rule already, at "
                "policy.yml:11. Let exactly one rule stand for it."
            ),
        ),
        ("kinds: [migration, drill]}", "kinds: [patch]}", "policy.yml:25: rules[2].for: patch in production with tier"),
        (
            "  - environments: [production]\n",
            (
                "  - {environments: [production], roles: [commander], skips: [], review_roles: [commander], "
                "review_within_hours: 1}\n  - environments: [production]\n"
            ),
            "policy.yml:32: break_glass[1]: production has break-glass already, at policy.yml:31",
        ),
    ],
)
def test_a_policy_that_does_not_agree_with_itself(old: str, new: str, said: str) -> None:
    assert old in POLICY
    _found, faults = policy(document(POLICY.replace(old, new, 1)))
    assert said in str(faults[0])


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (
            "launchers: [engineer]",
            "launchers: [enginer]",
            "rules[0].launchers[0]: there is no role 'enginer'. Did you mean",
        ),
        ("role: business-owner", "role: boss", "policy.yml:16: rules[0].approvals[1].role: there is no role 'boss'."),
        ("roles: [commander]", "roles: [captain]", "break_glass[0].roles[0]: there is no role 'captain'"),
        (
            "at_least: 2",
            "at_least: 5",
            "rules[0].approvals[1].role: 5 with the role business-owner are needed, and 4 have it. Give",
        ),
    ],
)
def test_roles_that_nobody_has(old: str, new: str, said: str) -> None:
    given = document(POLICY.replace(old, new, 1))
    known = {role for roles in PEOPLE.roles.values() for role in roles}
    assert not list(role_findings(document(), roles_named(document()), known, PEOPLE))
    assert said in str(next(role_findings(given, roles_named(given), known, PEOPLE)))


def test_people_with_unknown_roles_or_another_ones_name() -> None:
    data = {
        "roles": {"engineer": "runs it"},
        "people": {"ada": {"roles": ["enginer"], "awx": "a"}, "ben": {"roles": [], "awx": "a"}},
    }
    found, faults = people(Document("approvers/people.yml", data))
    assert [str(fault) for fault in faults] == [
        "approvers/people.yml: people.ada.roles: there is no role 'enginer'. Did you mean engineer.",
        "approvers/people.yml: people.ben.awx: 'a' is ada and ben. Let each have their own.",
    ]
    assert (found.of_awx("a"), found.of_awx("b"), "ada" in found, "zoe" in found) == ("ada", "", True, False)


KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHbuiAnwqoK8LVOk2m8bavAs5um9I7n848kD1WDQaUfq"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (f"# people\n\nada {KEY} comment\nben {KEY[:-1]}x\n", None),
        (f'ada namespaces="approval@erpops.estate,git",valid-before="20270101" {KEY}', None),
        (f"ada {KEY}\nada {KEY[:-1]}x", None),
        (
            "ada",
            "approvers/allowed_signers:1: the line: it is none of allowed_signers. Write: person [options] type key.",
        ),
        ("ada ssh-ed25519", "the line: it is none of allowed_signers"),
        ('ada namespaces="git ssh-ed25519 AAAA', "the line: it is none of allowed_signers"),
        (f"ada cert-authority {KEY}", "ada: a CA could make keys for anybody"),
        (f"*@example.com {KEY}", "*@example.com: it means more than one person"),
        (f"ada,ben {KEY}", "ada,ben: it means more than one person. Give each person a line of their own."),
        (f"aada {KEY}", "aada: there is no such person. Did you mean ada."),
        (f"ada {KEY}\nben {KEY}", "approvers/allowed_signers:2: ben: it is also the key of ada, in line 1."),
    ],
)
def test_keys_by_which_a_person_could_be_another_or_two(text: str, said: str | None) -> None:
    found = [str(fault) for fault in signer_findings("approvers/allowed_signers", text, PEOPLE)]
    assert said in found[0] if said else found == []


def asked(file: str = "changes/CHG-1.yml", **more: object) -> Document:
    data = {
        "id": "CHG-1",
        "title": "Kernel",
        "reason": "a hole",
        "kind": "patch",
        "environment": "production",
        "scope": {"instances": ["lakeland"]},
        "requester": "ada",
        "rollback": "boot the old one",
        "risk": "low",
        **more,
    }
    return Document(file, data, {("scope", "instances", 0): 9, ("requester",): 4})


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (
            asked("changes/CHG-2.yml"),
            "changes/CHG-2.yml: id: 'CHG-1' stands in a file of another name. Call the file CHG-1",
        ),
        (asked(requester="zoe"), "changes/CHG-1.yml:4: requester: there is no person 'zoe'. Known are ada, ben"),
        (
            asked(scope={"instances": ["lakelnd"]}),
            "changes/CHG-1.yml:9: scope.instances[0]: there is no instance 'lakelnd'. Did you mean lakeland.",
        ),
        (asked(scope={"instances": [], "sites": ["west"]}), "scope.sites[0]: there is no site 'west'"),
        (
            asked(scope={"instances": ["lakeland"], "sites": ["south"]}),
            "scope.sites[0]: none of lakeland is at 'south'. Name where they are, or leave sites out.",
        ),
        (
            asked(scope={"instances": ["lakeland"], "sites": ["north", "south"]}),
            "scope.sites[1]: none of lakeland is at 'south'",
        ),
        (
            asked(scope={"instances": ["lakeland", "harbor"], "sites": ["south"]}),
            "changes/CHG-1.yml:9: scope.instances[0]: 'lakeland' is at north, and the change is not. Name",
        ),
        (
            asked(window={"from": "2026-03-10T22:00Z", "to": "2026-03-10T22:00Z"}),
            "window.to: it ends before it begins. Let it end after it begins.",
        ),
        (
            asked(window={"from": "2026-13-10T22:00Z", "to": "2026-03-10T22:00Z"}),
            "window.from: '2026-13-10T22:00Z' is no",
        ),
    ],
)
def test_a_change_that_cannot_be_meant(given: Document, said: str) -> None:
    _found, faults = change(given, RULES, PEOPLE)
    assert said in str(faults[0])


def test_what_a_change_touches() -> None:
    found, faults = change(
        asked(scope={"instances": ["lakeland", "harbor"], "planes": ["data", "edge"]}), RULES, PEOPLE
    )
    assert not faults
    assert target(found, RULES).parts == (
        Part("lakeland", "main", "north", "data"),
        Part("lakeland", "main", "north", "edge"),
        Part("harbor", "pilot", "", "data"),
        Part("harbor", "pilot", "", "edge"),
    )


def test_what_a_change_touches_is_where_its_instances_are() -> None:
    """Where an instance is not known to be it may be at any site that is named; nothing is at one where it is not."""
    both = asked(scope={"instances": ["lakeland", "harbor"], "sites": ["north", "south"]})
    found, faults = change(both, RULES, PEOPLE)
    assert not faults
    parts = target(found, RULES).parts
    assert [(part.instance, part.site) for part in parts] == [
        ("lakeland", "north"),
        ("harbor", "north"),
        ("harbor", "south"),
    ]
    south, _faults = change(asked(scope={"instances": ["harbor"], "sites": ["south"]}), RULES, PEOPLE)
    named = target(south, RULES, {"instances": ["lakeland"]})
    assert [part.site for part in named.parts] == ["north"], "a freeze of where it is counts"


def test_a_waiver_that_cannot_be_meant() -> None:
    data = {
        "id": "WVR-1",
        "owner": "zoe",
        "reason": "x",
        "expires": "2026-02-30T00:00Z",
        "waives": ["window"],
        "environments": ["production"],
        "instances": ["moon"],
    }
    found, faults = waiver(Document("waivers/WVR-1.yml", data), RULES, People())
    assert found is None
    assert [fault.variable for fault in faults] == ["expires", "owner", "instances[0]"]


def drifting(**more: object) -> Document:
    data = {
        "id": "WVR-1",
        "owner": "ada",
        "reason": "x",
        "expires": "2026-02-28T00:00Z",
        "waives": ["drift:user", "drift:container"],
        "environments": ["production"],
        **more,
    }
    return Document("waivers/WVR-1.yml", data)


def test_a_waiver_for_differences_of_drift() -> None:
    found, faults = waiver(drifting(hosts=["n1"], objects=["eve"], instances=["lakeland"]), RULES, PEOPLE)
    assert not faults
    assert found
    assert found.hosts == {"n1"}
    assert found.objects == {"eve"}


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"waives": ["drift:user", "window"]}, "waives: it excuses requirements of changes and differences of drift."),
        ({"kinds": ["patch"]}, "kinds: kinds limit changes, and a difference of drift is none. Leave kinds out."),
        ({"waives": ["window"], "hosts": ["n1"]}, "hosts: hosts limit differences of drift, not changes."),
        ({"waives": ["evidence:scan"], "objects": ["x"]}, "objects: objects limit differences of drift, not changes."),
    ],
)
def test_a_waiver_does_not_excuse_more_than_its_limits_say(more: dict[str, object], said: str) -> None:
    _found, faults = waiver(drifting(**more), RULES, PEOPLE)
    assert len(faults) == 1
    assert said in str(faults[0])
