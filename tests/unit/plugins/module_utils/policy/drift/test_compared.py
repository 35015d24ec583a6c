# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What roles and modules say they would do, read as differences."""

from __future__ import annotations

import pytest
from ansible_collections.erpops.estate.plugins.module_utils.policy.drift import compared
from ansible_collections.erpops.estate.plugins.module_utils.policy.drift.difference import (
    ESTATE,
    Difference,
    instance_of,
    role_of,
)


@pytest.mark.parametrize(
    ("service", "role", "instance"),
    [
        ("sentinel", "redis_sentinel", ""),
        ("odoo_north_web", "odoo", "north"),
        ("odoo_big_north_jobs", "odoo", "big_north"),
        ("keepalived", "virtual_ip", ""),
        ("unheard_of", "estate", ""),
    ],
)
def test_whose_a_service_is(service: str, role: str, instance: str) -> None:
    assert (role_of(service), instance_of(service)) == (role, instance)


def file(path: str) -> dict[str, str]:
    return {"kind": "file", "object": path, "expected": "content a", "found": "content b"}


def test_a_file_that_three_containers_share_is_found_once() -> None:
    entries = [{"service": f"odoo_north_{process}", "differences": [file("/x")]} for process in ("web", "cron")]
    found = [*compared.services("n1", entries), *compared.services("n2", entries)]
    assert [(one.host, one.owner) for one in compared.shared_once(found)] == [("n1", "odoo"), ("n2", "odoo")]


@pytest.mark.parametrize(
    ("sentence", "said"),
    [
        ("wrote /etc/x", "file /etc/x: expected what is declared, found something else, or nothing"),
        ("write /etc/x", "file /etc/x: expected what is declared, found something else, or nothing"),
        ("set directory /etc", "file /etc: expected what is declared, found something else, or nothing"),
        ("enabled x.timer", "unit x.timer: expected one that is enabled and waits, found one that is not"),
        ("reloaded x.timer", "unit x.timer: expected what its file says, found what an older file said"),
        ("restart", "unit backup: expected nothing to do, found restart"),
        ("bucket x: create", "unit bucket x: expected nothing to do, found create"),
    ],
)
def test_what_a_role_would_do(sentence: str, said: str) -> None:
    (one,) = compared.actions("n1", "backup", "unit", [sentence])
    assert (str(one), one.owner) == (said, "backup")


def test_what_redis_and_sentinel_are_not_set_to() -> None:
    sentences = ["Redis: set maxmemory", "Sentinel: set quorum of sessions", "write /etc/erpops/x"]
    assert [(one.kind, one.owner) for one in compared.redis("n1", sentences)] == [
        ("redis", "redis_sentinel"),
        ("sentinel", "redis_sentinel"),
        ("file", "redis_sentinel"),
    ]


def test_certificates_that_are_due() -> None:
    survey = {
        "work": [{"purpose": "edge", "reasons": ["it ends in 3 days", "another CA signed it"]}],
        "authorities_in_place": False,
        "objections": [],
    }
    assert [str(one) for one in compared.certificates("n1", survey, 30)] == [
        (
            "certificate edge: expected one of the estate's CA, with its names, for more than 30 days, "
            "found it ends in 3 days; another CA signed it"
        ),
        "certificate /etc/erpops/tls/ca.crt: expected the estate's CAs, found others, or nothing",
    ]
    assert not list(compared.certificates("n1", {"work": [], "authorities_in_place": True}, 30))
    assert not list(compared.certificates("n1", {}, 30)), "what could not be asked is said elsewhere"


def test_patronis_dynamic_configuration() -> None:
    result = {
        "patch": {"ttl": 30, "postgresql": {"parameters": {"jit": "off", "work_mem": None}}},
        "diff": {"before": {"ttl": 60, "pause": True, "postgresql": {"parameters": {"jit": "on", "work_mem": "1GB"}}}},
        "undeclared": ["pause", "postgresql.parameters.work_mem"],
        "pending_restart": ["n2"],
    }
    found = list(compared.dynamic_config(result))
    assert [str(one) for one in found] == [
        "patroni ttl: expected 30, found 60",
        "patroni postgresql.parameters.jit: expected off, found on",
        "patroni postgresql.parameters.work_mem: expected nothing, found 1GB",
        "patroni pause: expected nothing, found True",
        "postgresql restart: expected none pending, found settings that wait for a restart",
    ]
    assert [one.host for one in found] == [*[ESTATE] * 4, "n2"]


@pytest.mark.parametrize(
    ("sentence", "said"),
    [
        ("install sale (is uninstalled)", "odoo_module north/sale: expected installed, found uninstalled"),
        ("finish crm (is to upgrade)", "odoo_module north/crm: expected installed, found to upgrade"),
        (
            "set web.base.url to https://north (is http://north (old))",
            "odoo_parameter north/web.base.url: expected https://north, found http://north (old)",
        ),
        (
            "set protocol of the storage of attachments (is unset)",
            "odoo_database north: expected nothing to do, found set protocol of the storage of attachments (is unset)",
        ),
        (
            "activate the language de_DE",
            "odoo_database north: expected nothing to do, found activate the language de_DE",
        ),
    ],
)
def test_the_database_of_an_instance(sentence: str, said: str) -> None:
    (one,) = compared.instance("north", [sentence])
    assert (str(one), one.instance) == (said, "north")


def test_what_could_not_be_compared() -> None:
    entry = {"role": "etcd", "what": "what etcd runs", "reason": "no answer\n"}
    assert list(compared.untold("n1", [entry])) == [
        Difference("untold", "n1", "what etcd runs", "to be told", "no answer", "etcd")
    ]
