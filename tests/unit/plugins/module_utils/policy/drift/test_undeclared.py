# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is on a host that nobody declared."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.erpops.estate.plugins.module_utils.policy.drift import undeclared
from ansible_collections.erpops.estate.plugins.module_utils.policy.drift.undeclared import (
    grants,
    installed,
    rules_by_table,
    table_names,
)


def container(name: str, *, managed: bool = False, running: bool = True) -> dict[str, Any]:
    return {"name": name, "image": "busybox", "managed": managed, "running": running}


@pytest.mark.parametrize(
    ("told", "named"), [(True, ["odoo_gone_web", "stranger"]), (False, ["stranger"])], ids=["all told", "not all told"]
)
def test_containers_that_are_no_declared_service(told: bool, named: list[str]) -> None:
    found = [container("etcd", managed=True), container("odoo_gone_web", managed=True), container("stranger")]
    assert [one.object for one in undeclared.containers("n1", found, {"etcd"}, told=told)] == named


def test_a_stopped_container_is_one_too() -> None:
    (one,) = undeclared.containers("n1", [container("x", running=False)], (), told=True)
    assert str(one) == "container x: expected nothing of this name, found busybox, is stopped"


def account(name: str, uid: int, shell: str = "/bin/bash", *groups: str) -> dict[str, Any]:
    return {"name": name, "uid": uid, "shell": shell, "groups": [name, *groups]}


@pytest.mark.parametrize(
    ("found", "says"),
    [
        (account("root", 0, "/bin/bash", "root"), None),
        (account("ops", 1000, "/bin/bash", "sudo"), None),
        (account("ada", 1001, "/bin/bash", "docker"), None),
        (account("www-data", 33), None),
        (account("nobody", 65534), None),
        (account("keeper", 1002, "/usr/sbin/nologin"), None),
        (account("toor", 0), "an account with the user id of root"),
        (account("eve", 1003), "an account that can log in (/bin/bash)"),
        (account("backup", 34, "/usr/sbin/nologin", "docker"), "a member of docker"),
    ],
    ids=lambda value: value["name"] if isinstance(value, dict) else "",
)
def test_accounts(found: dict[str, Any], says: str | None) -> None:
    told = {"accounts": [found], "grants": [], "login": "ops"}
    assert [one.found for one in undeclared.people("n1", told, ["ada"])] == ([says] if says else [])


SUDOERS = """
# who may
Defaults env_reset
Defaults:eve !requiretty
User_Alias ADMINS = eve
@includedir /etc/sudoers.d
#includedir /etc/sudoers.d
root ALL=(ALL:ALL) ALL
%sudo ALL=(ALL:ALL) ALL
ops ALL=(ALL) NOPASSWD: ALL
mallory,trudy ALL = \\
  NOPASSWD: /bin/sh
%wizards ALL=(ALL) ALL
"""


def test_grants_of_sudo() -> None:
    found = grants("/etc/sudoers.d/x", SUDOERS)
    assert [one["who"] for one in found] == ["root", "%sudo", "ops", "mallory", "trudy", "%wizards"]
    told = {"grants": found, "login": "ops"}
    assert [str(one) for one in undeclared.people("n1", told, ())] == [
        f"user {who}: expected no grant of sudo, found one in /etc/sudoers.d/x"
        for who in ("mallory", "trudy", "%wizards")
    ]


PACKAGES = """install installed nftables 1.0.6-2
hold installed docker.io 20.10.24
deinstall config-files keepalived 2.2.7
unknown not-installed gone
"""


def test_packages_that_are_missing_or_held() -> None:
    wanted = {"nftables": "estate", "docker.io": "docker_engine", "keepalived": "virtual_ip", "gone": "estate"}
    found = list(undeclared.packages("n1", wanted, installed(PACKAGES)))
    assert [(one.object, one.found, one.owner) for one in found] == [
        ("docker.io", "one that is held", "docker_engine"),
        ("gone", "nothing", "estate"),
        ("keepalived", "config-files", "virtual_ip"),
    ]


def test_a_version_that_most_hosts_of_the_system_do_not_have() -> None:
    def host(version: str) -> dict[str, dict[str, Any]]:
        return {"docker.io": {"state": "installed", "version": version, "held": False}}

    found = {"n1": host("20"), "n2": host("20"), "n3": host("19"), "n4": host("26"), "n5": {}}
    systems = {"n1": "Debian 12", "n2": "Debian 12", "n3": "Debian 12", "n4": "Debian 13", "n5": "Debian 12"}
    (one,) = undeclared.versions(found, systems, {"docker.io": "docker_engine"})
    assert (one.host, str(one)) == ("n3", "package docker.io: expected 20, as on other hosts, found 19")


def test_tables_of_the_firewall() -> None:
    listing = """{"nftables": [{"metainfo": {"version": "1.0.6"}},
      {"table": {"family": "ip", "name": "nat", "handle": 1}},
      {"table": {"family": "inet", "name": "filter", "handle": 2}},
      {"table": {"family": "inet", "name": "stranger", "handle": 3}}]}"""
    found = table_names(listing)
    assert found == ["inet filter", "inet stranger", "ip nat"]
    said = [str(one) for one in undeclared.tables("n1", {"tables": found}, ["inet filter"], virtual_ip=True)]
    assert said == [
        "firewall table ip erpops_virtual_ip: expected the rules of the virtual address, found nothing",
        "firewall table inet stranger: expected nothing, found a table of rules",
    ]
    ours = {"tables": ["ip erpops_virtual_ip"], "altered_tables": []}
    assert not list(undeclared.tables("n1", ours, (), virtual_ip=True))
    assert list(undeclared.tables("n1", ours, (), virtual_ip=False)), "on a host that is no edge nobody declared it"
    (one,) = undeclared.tables("n1", {**ours, "altered_tables": ours["tables"]}, (), virtual_ip=True)
    assert str(one) == "firewall table ip erpops_virtual_ip: expected the rules of its file, found other rules"
    assert table_names("") == []


def test_rules_of_two_tables() -> None:
    listing = "table ip nat {\n\tchain a {\n\t}\n}\ntable ip6 nat {\n}\n"
    assert rules_by_table(listing) == {"ip nat": "{\n\tchain a {\n\t}\n}", "ip6 nat": "{\n}"}
    assert rules_by_table("") == {}
