# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The drift of an estate: nothing where nothing differs, each difference once, with its owner and its waiver."""

from __future__ import annotations

import copy
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from ansible_collections.erpops.estate.plugins.module_utils.policy.change.requests import Waiver
from ansible_collections.erpops.estate.plugins.module_utils.policy.drift.declared import Declared, declared
from ansible_collections.erpops.estate.plugins.module_utils.policy.drift.difference import KINDS, Difference
from ansible_collections.erpops.estate.plugins.module_utils.policy.drift.estate import differences, judged, lines

from tests.unit.plugins.module_utils.policy.inventories import everywhere, inventory

NOW = datetime(2026, 12, 1, 12, 0, tzinfo=UTC)
DECLARED = declared(
    inventory(
        everywhere(estate_administrators=["ada"], estate_authorized_keys=["SHA256:a"]),
        everywhere(estate_owners={"patroni": "the database team"}),
        everywhere(docker_engine_packages=["docker.io"]),
    )
)
PACKAGES = {
    name: {"state": "installed", "version": "1", "held": False}
    for packages in DECLARED.packages.values()
    for name in packages
}


TIMER = "/etc/systemd/system/erpops-leases.timer"


def contents(host: str) -> dict[str, Any]:
    return {
        "containers": [{"name": "etcd", "image": "x", "running": True, "managed": True}] if host != "s1" else [],
        "accounts": [{"name": name, "uid": 1000, "shell": "/bin/sh", "groups": ["sudo"]} for name in ("ops", "ada")],
        "login_keys": [{"account": "ops", "key": "SHA256:a", "comment": "", "file": "f"}],
        "units": [TIMER],
        "grants": [],
        "login": "ops",
        "packages": copy.deepcopy(PACKAGES),
        "tables": ["ip nat", *(["ip erpops_virtual_ip"] if host in ("n1", "n2") else [])],
    }


def clean() -> dict[str, dict[str, Any]]:
    """Return what the hosts of the sound inventory say when nothing differs."""
    seen: dict[str, dict[str, Any]] = {}
    for host in ("n1", "n2", "n3", "s1"):
        services = [] if host == "s1" else [{"service": "etcd", "differences": []}]
        parts = [{"role": "docker_engine", "kind": "engine", "actions": []}]
        parts += [{"role": "leases", "kind": "unit", "actions": [], "units": [TIMER]}]
        seen[host] = {"contents": contents(host), "services": services, "parts": parts, "system": "Debian 12"}
    return copy.deepcopy(seen)


def said(seen: dict[str, dict[str, Any]]) -> list[str]:
    return [f"{one.host} {one}" for one in differences(seen, DECLARED)]


def test_nothing_differs() -> None:
    assert said(clean()) == []
    assert lines([]) == ["What runs is what is declared."]


def test_what_an_inventory_declares() -> None:
    assert DECLARED.environment == "production"
    assert DECLARED.members == {"10.0.0.1": "n1", "10.0.0.2": "n2", "10.0.0.3": "n3"}
    assert DECLARED.virtual_ip == {"n1", "n2"}
    assert DECLARED.packages["n1"]["keepalived"] == "virtual_ip"
    assert "keepalived" not in DECLARED.packages["n3"]
    assert DECLARED.packages["n3"]["docker.io"] == "docker_engine"
    assert set(DECLARED.modules) == {"north", "south"}
    assert DECLARED.people["s1"] == ["ada"]


def test_everything_is_judged() -> None:
    seen = clean()
    n1 = seen["n1"]
    n1["contents"]["containers"].append({"name": "x", "image": "y", "running": True, "managed": False})
    n1["contents"]["accounts"].append({"name": "eve", "uid": 1001, "shell": "/bin/sh", "groups": []})
    n1["contents"]["tables"].append("inet x")
    n1["contents"]["login_keys"].append({"account": "root", "key": "SHA256:b", "comment": "eve", "file": "f"})
    n1["contents"]["units"].append("/run/systemd/system/erpops-x.service")
    n1["contents"]["packages"]["nftables"]["held"] = True
    n1["services"][0]["differences"] = [{"kind": "image", "object": "etcd", "expected": "a", "found": "b"}]
    n1["parts"] += [{"role": "redis_sentinel", "kind": "redis", "actions": ["Sentinel: set quorum of sessions"]}]
    n1["certificates"] = {"work": [{"purpose": "edge", "reasons": ["it ends"]}], "authorities_in_place": True}
    n1["postgresql"] = {
        "leads": True,
        "overrides": [{"role": "", "database": "d", "settings": ["a=b"]}],
        "settings": {"jit": {"setting": "on", "vartype": "bool", "unit": None}},
    }
    n1["postgresql_declared"] = {"jit": "off"}
    n1["routers"], n1["routers_declared"] = [], {"http": {"routers": {"r": {"rule": "R"}}}}
    # Told to every host of a group, or by each of them: said once.
    for host in ("n1", "n2"):
        seen[host]["patroni"] = {"patch": {"ttl": 30}, "diff": {"before": {"ttl": 31}}}
        seen[host]["shared"] = [{"role": "odoo", "kind": "odoo_database", "actions": ["role north: set password"]}]
        seen[host]["instances"] = [{"name": "north", "differences": ["set a to b (is c)"], "undeclared": ["report.x"]}]
        seen[host]["instances"] += [
            {
                "name": "north",
                "modules": {"crm": {"state": "installed", "auto_install": False, "depends": [], "drawn_by": []}},
            }
        ]
        seen[host]["redis"] = {"master_name": "s", "sentinels": [{"address": "10.0.0.3", "answers": False}]}
    assert said(seen) == [
        "n1 certificate edge: expected one of the estate's CA, with its names, for more than 60 days, found it ends",
        "n1 container x: expected nothing of this name, found y, runs",
        "n1 firewall table inet x: expected nothing, found a table of rules",
        "n1 image etcd: expected a, found b",
        "n1 package nftables: expected one that follows the distribution, found one that is held",
        "n1 postgresql d: expected no settings of its own, found a=b",
        "n1 postgresql jit: expected off, found on",
        "n1 router r: expected R, found nothing",
        "n1 sentinel Sentinel: expected nothing to do, found set quorum of sessions",
        "n1 unit /run/systemd/system/erpops-x.service: expected nothing, found a file of systemd",
        "n1 user eve: expected nothing, found an account that can log in (/bin/sh)",
        "n1 user root SHA256:b: expected nothing, found a key that logs in as root (eve), in f",
        "n3 sentinel Sentinel: expected an answer, found none",
        "estate odoo_database role north: expected nothing to do, found set password",
        "estate odoo_module north/crm: expected nothing, found installed",
        "estate odoo_parameter north/a: expected b, found c",
        "estate odoo_parameter north/report.x: expected nothing, found a parameter",
        "estate patroni ttl: expected 30, found 31",
    ]


def test_a_host_that_does_not_answer_is_one_difference() -> None:
    seen = clean() | {"n3": {}}
    assert said(seen) == ["n3 untold the host: expected an answer, found none; it is unreachable"]


def test_what_could_not_be_compared_accuses_no_container_nor_unit_of_ours() -> None:
    seen = clean()
    seen["n2"]["services"], seen["n2"]["parts"] = [], []
    seen["n2"]["untold"] = [{"role": "etcd", "what": "what etcd runs", "reason": "no answer"}]
    assert said(seen) == ["n2 untold what etcd runs: expected to be told, found no answer"]


USER = Difference("user", "n1", "eve", "nothing", "an account")
MODULE = Difference("odoo_module", "estate", "north/crm", "nothing", "installed", instance="north")


def waiver(*waives: str, **more: Any) -> Waiver:
    given: dict[str, Any] = {"environments": frozenset({"production"}), "expires": NOW + timedelta(hours=1), **more}
    return Waiver("WVR-1", "", owner="ben", reason="the vendor is in", waives=frozenset(waives), **given)


@pytest.mark.parametrize(
    ("found", "one", "covered"),
    [
        (waiver("drift:user"), USER, True),
        (waiver("drift:user", "drift:odoo_module"), MODULE, True),
        (waiver("drift:container"), USER, False),
        (waiver("window"), USER, False),
        (waiver("drift:user", expires=NOW), USER, False),
        (waiver("drift:user", environments=frozenset({"staging"})), USER, False),
        (waiver("drift:user", hosts=frozenset({"n1"})), USER, True),
        (waiver("drift:user", hosts=frozenset({"n2"})), USER, False),
        (waiver("drift:user", objects=frozenset({"eve"})), USER, True),
        (waiver("drift:user", objects=frozenset({"ada"})), USER, False),
        (waiver("drift:user", instances=frozenset({"north"})), USER, False),
        (waiver("drift:odoo_module", instances=frozenset({"north"})), MODULE, True),
        (waiver("drift:odoo_module", instances=frozenset({"south"})), MODULE, False),
    ],
)
def test_a_waiver_covers_what_it_says_until_it_expires(found: Waiver, one: Difference, covered: bool) -> None:
    (answer,) = judged([one], DECLARED, [waiver("evidence:scan"), found], NOW)
    assert answer.waiver == (found if covered else None)


def test_no_waiver_covers_what_could_not_be_compared() -> None:
    untold = Difference("untold", "n1", "the host", "an answer", "none")
    every = waiver(*(f"drift:{kind}" for kind in KINDS))
    assert judged([untold], DECLARED, [every], NOW)[0].waiver is None


def test_what_a_person_reads() -> None:
    setting = Difference("patroni", "estate", "ttl", "30", "31")
    covered = waiver("drift:user")
    found = judged([USER, setting], DECLARED, [covered], NOW)
    assert lines(found, ["No waiver counts"]) == [
        "n1:",
        (
            "  user eve: expected nothing, found an account; owner: estate; "
            "waived until 2026-12-01 13:00 UTC by ben (WVR-1: the vendor is in)"
        ),
        "the estate as a whole:",
        "  patroni ttl: expected 30, found 31; owner: the database team (patroni)",
        "No waiver counts",
        "Differences: 2; covered by a waiver: 1; not covered: 1.",
    ]
    assert found[0].as_dict() == {
        "kind": "user",
        "host": "n1",
        "object": "eve",
        "expected": "nothing",
        "found": "an account",
        "instance": "",
        "role": "estate",
        "owner": "estate",
        "waiver": {"id": "WVR-1", "owner": "ben", "reason": "the vendor is in", "expires": "2026-12-01T13:00:00+00:00"},
    }
    assert found[1].as_dict()["waiver"] is None


def test_an_inventory_may_declare_nothing_more() -> None:
    assert Declared("production").owners == {}
