# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest
from ansible_collections.erpops.estate.plugins.module_utils.clients.marked_yaml import load
from ansible_collections.erpops.estate.plugins.module_utils.policy.change import schemas

PEOPLE = b"""version: 1
roles:
  release-manager: lets releases through
people:
  ada@example.com: {roles: [release-manager]}
"""
POLICY = b"""version: 1
tiers:
  critical: {rpo_minutes: 5, rto_minutes: 60}
instances:
  lakeland: {tier: critical}
rules:
  - for: {environments: [production]}
    window: true
"""


def test_data_that_knows_its_lines() -> None:
    document, faults = load("policy.yml", POLICY, schemas.POLICY)
    assert not faults
    assert document
    assert document.data["rules"][0]["for"] == {"environments": ["production"]}
    assert document.where("rules", 0, "window") == "policy.yml:8"
    assert document.where("rules", 0, "for", "environments", 0) == "policy.yml:7"
    assert document.where("tiers", "critical", "no such key") == "policy.yml:3"
    assert document.where() == "policy.yml:1"


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (b"version: 1", b"version: 2", "policy.yml:1: version: 2 does not fit. This is version 1."),
        (
            b"window: true",
            b"widnow: true",
            "policy.yml:8: rules[0].widnow: nothing is known of it here. Did you mean window.",
        ),
        (b"    window: true\n", b"", "policy.yml:7: rules[0]: 'window' is missing. Add it."),
        (b"window: true", b"window: 'true'", "policy.yml:8: rules[0].window: expected true or false, found 'true'."),
        (
            b"[production]",
            b"[prod]",
            "policy.yml:7: rules[0].for.environments[0]: 'prod' is none of what is known here.",
        ),
        (b"[production]", b"[produktion]", "Did you mean production."),
        (b"[production]", b"[]", "policy.yml:7: rules[0].for.environments: it is empty. Name at least one"),
        (b"[production]", b"[qa, qa]", "environments: something stands twice in ['qa', 'qa']. Keep one"),
        (
            b"rto_minutes: 60",
            b"rto_minutes: 60.0",
            "policy.yml:3: tiers.critical.rto_minutes: expected a whole number, found 60.0. Use a whole number from",
        ),
        (
            b"window: true",
            b"window: true\n    approvals: [{role: boss, at_least: 2.0}]",
            "policy.yml:9: rules[0].approvals[0].at_least: expected a whole number, found 2.0. Use a whole",
        ),
        (
            b"rto_minutes: 60",
            b"rto_minutes: true",
            "policy.yml:3: tiers.critical.rto_minutes: expected a whole number, found True.",
        ),
        (
            b"rto_minutes: 60",
            b"rto_minutes: 0",
            "policy.yml:3: tiers.critical.rto_minutes: 0 does not fit. Use a whole number",
        ),
        (
            b"rto_minutes: 60",
            b"rto_minutes: 1.5",
            "rto_minutes: expected a whole number, found 1.5. Use a whole number from 1",
        ),
        (
            b"  lakeland:",
            b"  Lake Land:",
            "policy.yml:5: instances.Lake Land: 'Lake Land' does not fit. Use small letters",
        ),
        (
            b"instances:\n",
            b"instances:\n  lakeland: {tier: low}\n",
            "policy.yml:6: instances.lakeland: it stands twice. Keep one",
        ),
        (b"version: 1", b"version: [", "it cannot be read: "),
        (
            b"version: 1",
            b"version: !!python/name:os.system x",
            "policy.yml:1: the file: it cannot be read: could not determine",
        ),
        (b"version: 1", b"version: 2026-13-45", "version: '2026-13-45' does not fit"),
        (b"version: 1", b"? [a]\n: b\nversion: 1", "the file: it cannot be read: unhashable"),
        (b"version: 1", b"\xff\xfe\xfa", "the file: it cannot be read: "),
        (POLICY, b"", "policy.yml: the file: expected a mapping, found None"),
        (POLICY, b"- 1", "policy.yml:1: the file: expected a mapping, found [1]"),
        (POLICY, b"a: &a [*a]", "the file: it cannot be read: "),
        (POLICY, b"5: 5", "'version' is missing"),
    ],
)
def test_messages_name_line_and_remedy(old: bytes, new: bytes, said: str) -> None:
    document, faults = load("policy.yml", POLICY.replace(old, new, 1), schemas.POLICY)
    assert document is None
    assert any(said in str(fault) for fault in faults), [str(fault) for fault in faults]


def test_aliases_of_aliases_end() -> None:
    bomb = b"a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n"
    for level in range(1, 9):
        bomb += b"a%d: &a%d [%s]\n" % (level, level, b", ".join([b"*a%d" % (level - 1)] * 10))
    _document, faults = load("policy.yml", bomb, schemas.POLICY)
    assert "it comes to more than 100000 values" in str(faults[0])


def test_times_stay_as_they_were_written() -> None:
    waiver = b"""version: 1
id: WVR-1
owner: ada@example.com
reason: the vendor is late
expires: 2026-12-24T18:00+01:00
waives: [evidence:scan]
environments: [production]
"""
    document, faults = load("waivers/WVR-1.yml", waiver, schemas.WAIVER)
    assert not faults
    assert document
    assert document.data["expires"] == "2026-12-24T18:00+01:00"
    floating, faults = load("waivers/WVR-1.yml", waiver.replace(b"+01:00", b""), schemas.WAIVER)
    assert floating is None
    assert str(faults[0]) == (
        "waivers/WVR-1.yml:5: expires: '2026-12-24T18:00' does not fit. "
        "Write a time with its zone, such as 2026-11-23T22:00+01:00."
    )


def test_people_are_keys_with_an_at() -> None:
    assert load("approvers/people.yml", PEOPLE, schemas.PEOPLE)[1] == []
    _document, faults = load("approvers/people.yml", PEOPLE.replace(b"ada@", b"ada and ben@"), schemas.PEOPLE)
    assert "approvers/people.yml:5: people.ada and ben@example.com" in str(faults[0])


def test_what_a_waiver_may_excuse_of_drift() -> None:
    waiver = b"""version: 1
id: WVR-1
owner: ada@example.com
reason: the vendor is late
expires: 2026-12-24T18:00+01:00
waives: ["drift:container"]
environments: [production]
hosts: [node1]
objects: [stranger]
"""
    assert load("waivers/WVR-1.yml", waiver, schemas.WAIVER)[1] == []
    _document, faults = load(
        "waivers/WVR-1.yml", waiver.replace(b"drift:container", b"drift:containers"), schemas.WAIVER
    )
    assert "'drift:containers' is none of what is known here. Did you mean drift:container." in str(faults[0])
