# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

import pytest
import yaml
from ansible.errors import AnsibleFilterError
from ansible_collections.erpops.estate.plugins.filter.estate import (
    addresses,
    archives,
    declared_services,
    instances,
    setting,
)
from ansible_collections.erpops.estate.plugins.filter.sizing import (
    backup_lock_days,
    container_limits,
    max_connections,
    odoo_instances,
    processors,
    sizing_hosts,
)

from tests.conftest import REPOSITORY

INSTANCES = [{"name": "north", "host_names": ["north.example.com"], "workers": 2}]
GROUPS = {"all": ["n1", "n2", "n3"], "odoo": ["n1", "n2"], "patroni": ["n1", "n3"]}


def variables(host: str, **more: Any) -> dict[str, Any]:
    groups = [group for group, hosts in GROUPS.items() if host in hosts and group != "all"]
    return {"groups": GROUPS, "group_names": groups, "estate_instances": INSTANCES, **more}


SURVEY = {"estate_host_survey": {"survey": {"memory_mb": 8192, "cpus": 4}}}
FACTS = {"ansible_facts": {"memtotal_mb": 16384, "processor_vcpus": 8}}
HOSTVARS = {
    "n1": variables("n1", ansible_host="10.0.0.1", estate_data_address="10.1.0.1", **SURVEY),
    "n2": variables("n2", ansible_host="10.0.0.2", object_storage_address="s3.example.com", **FACTS),
    "n3": variables("n3", patroni_rest_port=8009, estate_host_memory_mb=4096, **SURVEY),
}


@pytest.mark.parametrize("hosts", list(itertools.permutations(["n1", "n2", "n3"])))
def test_addresses_come_in_the_order_of_the_inventory_however_the_hosts_do(hosts: Sequence[str]) -> None:
    expected = [("n1", "10.1.0.1"), ("n2", "10.0.0.2"), ("n3", "n3")]
    assert list(addresses(hosts, HOSTVARS, "data").items()) == expected


def test_addresses_by_a_variable_of_a_service() -> None:
    assert addresses(["n1", "n2"], HOSTVARS, "data", "object_storage_address") == {
        "n1": "10.1.0.1",
        "n2": "s3.example.com",
    }


def test_a_plane_nobody_knows() -> None:
    with pytest.raises(AnsibleFilterError, match="there is no plane 'date'"):
        addresses(["n1"], HOSTVARS, "date")


@pytest.mark.parametrize(
    ("hosts", "said", "stores", "expected"),
    [
        (["n1"], None, ["n9"], True),
        (["n1"], None, [], False),
        (["n1"], False, ["n9"], False),
        (["n1"], "no", ["n9"], False),
        (["n1"], True, [], True),
        ([], True, ["n9"], False),
    ],
)
def test_members_archive_where_it_is_said_or_there_is_a_store(
    hosts: list[str], said: Any, stores: list[str], expected: bool
) -> None:
    more = {} if said is None else {"patroni_archive_enabled": said}
    known = {"n1": {**variables("n1"), **more, "groups": {**GROUPS, "object_storage": stores}}}
    assert archives(hosts, known) is expected


def test_the_role_archives_where_the_filter_says_so() -> None:
    default = yaml.safe_load((REPOSITORY / "roles/patroni/defaults/main.yml").read_text())["patroni_archive_enabled"]
    assert default == "{{ groups['object_storage'] | default([]) | length > 0 }}"


def test_what_a_host_is_to_have_follows_from_its_groups_and_the_instances() -> None:
    assert declared_services("n1", HOSTVARS) == {
        "patroni": "patroni",
        **{f"odoo_north_{process}": "odoo" for process in ("web", "cron", "jobs")},
    }
    assert declared_services("n3", HOSTVARS) == {"patroni": "patroni"}


def test_a_setting_of_another_role() -> None:
    assert setting(["n1", "n3"], HOSTVARS, "patroni_rest_port") == 8009
    assert setting(["n1"], HOSTVARS, "patroni_rest_port") == 8008
    assert setting([], HOSTVARS, "etcd_client_port") == 2379


@pytest.mark.parametrize("name", ["etcd_clent_port", "patroni_scope"])
def test_a_setting_that_no_role_can_tell(name: str) -> None:
    with pytest.raises(AnsibleFilterError, match=f"no role has a default for {name}"):
        setting([], HOSTVARS, name)


def test_instances_have_the_defaults_of_the_role() -> None:
    found = instances([{"name": "north", "host_names": ["north.example.com"]}])[0]
    assert (found["admin_login"], found["cron_threads"], found["languages"]) == ("admin", 1, ["en_US"])
    own = instances(INSTANCES, {"odoo_cron_threads": 3, "odoo_workers": 9})[0]
    assert (own["cron_threads"], own["workers"], own["job_workers"]) == (3, 2, 1)


def test_limits_and_instances_of_a_host() -> None:
    limits = container_limits("n1", HOSTVARS)
    assert set(limits) == {"patroni", "odoo_north_web", "odoo_north_cron", "odoo_north_jobs"}
    assert odoo_instances("n1", HOSTVARS)[0]["memory_mb"]["web"] == limits["odoo_north_web"]
    assert odoo_instances("n3", HOSTVARS) == []
    # The look at the host goes before its facts, the bound of the inventory before both.
    assert container_limits("n3", HOSTVARS) == {"patroni": 4096 - 409}
    assert (processors("n1", HOSTVARS), processors("n2", HOSTVARS)) == (4, 8)


def test_a_host_nobody_looked_at_cannot_be_sized() -> None:
    with pytest.raises(AnsibleFilterError, match="nothing is known about the memory of n1: gather its facts"):
        container_limits("n1", {"n1": variables("n1")})


def test_max_connections_given_and_sized() -> None:
    # Two nodes: 2 workers, cron, job and runner with 8 each, gevent with 16; 14 for others.
    assert max_connections("n3", HOSTVARS) == {"value": 130, "objections": []}
    assert max_connections("n3", HOSTVARS, 126) == {"value": 126, "objections": []}
    assert "expected at least 126" in max_connections("n3", HOSTVARS, 125)["objections"][0]


UNSAID = [{**INSTANCES[0], "workers": None}]
UNSEEN = {"n1": variables("n1", **SURVEY), "n2": variables("n2"), "n3": variables("n3", **SURVEY)}


def unsaid(**more: Any) -> dict[str, dict[str, Any]]:
    """Return the hosts with workers that are to be sized, and what else of n2 is known, which was left out."""
    found = {name: {**own, "estate_instances": UNSAID} for name, own in UNSEEN.items()}
    return {**found, "n2": {**found["n2"], **more}}


def test_a_host_that_is_left_out_counts_by_the_look_at_it() -> None:
    whole = unsaid(estate_host_survey={"survey": {"memory_mb": 32768, "cpus": 12}}, **FACTS)
    limited = unsaid(estate_host_seen={"memory_mb": 32768, "cpus": 12}, **FACTS)
    assert max_connections("n3", limited) == max_connections("n3", whole)
    # Two workers for each processor and one, beside cron, job and runner; 14 are nobody's, and it is a multiple of ten.
    assert max_connections("n3", limited)["value"] == 14 + 2 * 16 + 8 * (9 + 3 + 25 + 3) + 4


@pytest.mark.parametrize("seen", [{}, {"estate_host_seen": {}}, {"estate_host_survey": {"unreachable": True}}])
def test_connections_are_sized_by_no_guess(seen: dict[str, Any]) -> None:
    with pytest.raises(AnsibleFilterError, match=r"^max_connections: n2: it did not say what it has.*Run this"):
        max_connections("n3", unsaid(**seen))
    # What is given is refused where it does not even carry the least.
    assert max_connections("n3", unsaid(**seen), 900) == {"value": 900, "objections": []}
    assert max_connections("n3", unsaid(**seen), 60)["objections"]
    # Where workers are said nothing is to be sized.
    assert max_connections("n3", UNSEEN)["value"] == 130


def test_processors_of_the_first_member_or_of_the_next_that_was_seen() -> None:
    members = {"n1": variables("n1"), "n3": variables("n3", **SURVEY)}
    assert processors("n1", members) == 4
    members["n1"]["estate_host_seen"] = {"memory_mb": 8192, "cpus": 16}
    assert processors("n1", members) == 16
    assert processors("n1", {"n1": variables("n1"), "n3": variables("n3")}) == 2


@pytest.mark.parametrize(
    ("reached", "more", "expected"),
    [
        (["n1", "n2", "n3"], {}, []),
        (["n3"], {}, ["n1", "n2"]),
        (["n1", "n3"], {}, ["n2"]),
        # What it has by its facts may be of another day; what this run saw, of nobody twice, is not.
        (["n3"], FACTS, ["n1", "n2"]),
        (["n3"], SURVEY, ["n1"]),
        (["n3"], {"estate_host_seen": {}}, ["n1"]),
        (["n3"], {"estate_host_survey": {"unreachable": True}}, ["n1", "n2"]),
        # Its workers are said, here or by the role's variable.
        (["n3"], {"estate_instances": INSTANCES}, ["n1"]),
        (["n3"], {"odoo_workers": 3}, ["n1"]),
        # No member of PostgreSQL is reached.
        (["n2"], {}, []),
    ],
)
def test_who_decides_the_sizes_of_a_run_and_was_not_looked_at(
    reached: list[str], more: dict[str, Any], expected: list[str]
) -> None:
    hosts = unsaid(**more)
    del hosts["n1"]["estate_host_survey"]
    assert sizing_hosts(reached, hosts) == expected


GROUPS_STORED = {"patroni": ["n1", "n3"], "object_storage": ["s1"]}


def stored(**n3: Any) -> dict[str, Any]:
    groups = {"groups": GROUPS_STORED}
    return {"n1": groups, "n3": {**groups, **n3}, "s1": {**groups, "estate_data_address": "10.0.0.4"}}


def test_the_lock_of_the_backups_is_as_given_or_follows_from_what_the_members_say_is_kept() -> None:
    assert backup_lock_days("s1", stored(), 0) == 35
    assert backup_lock_days("s1", stored(), 90) == 90
    assert backup_lock_days("s1", stored(backup_full_calendar="daily"), 0) == 14
    assert backup_lock_days("s1", stored(backup_retention_full="8"), 0) == 63


@pytest.mark.parametrize(
    "elsewhere", [{"patroni_archive_enabled": False}, {"patroni_archive_enabled": "no"}, {"backup_s3_address": "s3"}]
)
def test_a_calendar_that_cannot_be_told_matters_where_backups_go_to_our_own_store(elsewhere: dict[str, Any]) -> None:
    untold = {"backup_full_calendar": "*-*-1/14 03:00"}
    assert backup_lock_days("s1", stored(**untold), 90) == 90
    for own in ({}, {"backup_s3_address": "10.0.0.4"}, {"patroni_archive_enabled": True}):
        with pytest.raises(AnsibleFilterError, match=r"'\*-\*-1/14 03:00' does not tell"):
            backup_lock_days("s1", stored(**untold, **own), 0)
    assert backup_lock_days("s1", stored(**untold, **elsewhere), 0) == 14
