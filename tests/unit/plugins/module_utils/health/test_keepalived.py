# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What keepalived's dump means; recorded from keepalived 2.2.7 on two hosts."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.erpops.estate.plugins.module_utils.health.keepalived import (
    Footing,
    footing_reasons,
    instance_health,
    interface_of,
)

FIXTURES = Path(__file__).resolve().parents[3] / "fixtures" / "keepalived"
ADDRESS = "172.30.77.10"


def instances(name: str) -> list[dict[str, Any]]:
    return [entry["data"] for entry in json.loads((FIXTURES / f"{name}.json").read_text())]


def wanted(**other: Any) -> dict[str, Any]:
    return {"address": ADDRESS, "vrid": 51, **other}


@pytest.mark.parametrize("role", ["master", "backup"])
def test_who_has_the_address_and_who_could_take_it_are_healthy(role: str) -> None:
    verdict = instance_health(instances(role), "edge", wanted())
    assert (verdict.ok, verdict.facts["role"]) == (True, role)


@pytest.mark.parametrize(
    ("dump", "name", "asked", "complaint"),
    [
        pytest.param("fault", "edge", wanted(), "backup or master, found fault; the edge of this host", id="fault"),
        pytest.param("master", "other", wanted(), "VRRP instance other to be loaded, found none", id="not loaded"),
        pytest.param(
            "master", "edge", wanted(base_priority=7), "base_priority 7 in VRRP instance edge, found 200", id="old"
        ),
        pytest.param(
            "backup", "edge", wanted(address="10.0.0.1"), f"10.0.0.1 in VRRP instance edge, found {ADDRESS}", id="ip"
        ),
    ],
)
def test_what_is_wrong_is_named(dump: str, name: str, asked: dict[str, Any], complaint: str) -> None:
    verdict = instance_health(instances(dump), name, asked)
    assert not verdict.ok
    assert complaint in "; ".join(verdict.reasons)


def test_a_master_without_its_address_is_not_healthy() -> None:
    lost = [{**entry, "vipset": False} for entry in instances("master")]
    assert "found it without" in "; ".join(instance_health(lost, "edge", wanted()).reasons)


def test_the_interface_is_what_the_daemon_says() -> None:
    assert interface_of(instances("backup"), "edge") == "eth0"
    assert interface_of(instances("backup"), "other") == ""


@pytest.mark.parametrize(
    ("footing", "complaints"),
    [
        (Footing(on_loopback=True, arp_ignore=1, arp_announce=2, table=True), []),
        (Footing(on_loopback=False, arp_ignore=1, arp_announce=2, table=True), [f"expected {ADDRESS} on the loopback"]),
        (Footing(on_loopback=True, arp_ignore=0, arp_announce=2, table=True), ["on eth0, found 0 and 2"]),
        (
            Footing(on_loopback=True, arp_ignore=1, arp_announce=0, table=False),
            ["on eth0, found 1 and 0", "table erpops_virtual_ip, found none"],
        ),
    ],
)
def test_what_would_break_connections_is_named(footing: Footing, complaints: list[str]) -> None:
    found = footing_reasons(ADDRESS, "eth0", footing)
    assert len(found) == len(complaints)
    for sentence, complaint in zip(found, complaints, strict=True):
        assert complaint in sentence
        assert "systemctl reload keepalived" in sentence
