# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.erpops.estate.plugins.module_utils.policy.dynamic_config import (
    merged,
    objections,
    patch,
    touched,
    undeclared,
)

CURRENT: dict[str, Any] = {
    "ttl": 20,
    "pause": True,
    "failsafe_mode": True,
    "postgresql": {"use_slots": True, "parameters": {"max_connections": 230, "jit": "off"}},
}


@pytest.mark.parametrize(
    ("desired", "exclusive", "expected"),
    [
        pytest.param({"ttl": 20}, [], {}, id="nothing to do"),
        pytest.param({"ttl": 30}, [], {"ttl": 30}, id="changed by hand"),
        pytest.param({"loop_wait": 5}, [], {"loop_wait": 5}, id="missing"),
        pytest.param({"pause": None}, [], {"pause": None}, id="null removes"),
        pytest.param({"standby_cluster": None}, [], {}, id="null of what is not there"),
        pytest.param({"failsafe_mode": 1}, [], {"failsafe_mode": 1}, id="true is not one"),
        pytest.param(
            {"postgresql": {"parameters": {"jit": "on"}}}, [], {"postgresql": {"parameters": {"jit": "on"}}}, id="deep"
        ),
        pytest.param(
            {"postgresql": {"parameters": {"jit": "off"}}},
            ["postgresql.parameters"],
            {"postgresql": {"parameters": {"max_connections": None}}},
            id="exclusive removes what is not declared",
        ),
        pytest.param(
            {"postgresql": {"parameters": {"jit": "off", "max_connections": 230}}},
            ["postgresql.parameters"],
            {},
            id="exclusive and equal",
        ),
        pytest.param({"ttl": {"parameters": 1}}, [], {"ttl": {"parameters": 1}}, id="a mapping in place of a number"),
    ],
)
def test_patch(desired: dict[str, Any], exclusive: list[str], expected: dict[str, Any]) -> None:
    change = patch(CURRENT, desired, exclusive)
    assert change == expected
    assert patch(merged(CURRENT, change), desired, exclusive) == {}


def test_what_a_patch_touches_is_told_by_name_before_and_after() -> None:
    change = {"loop_wait": 5, "ttl": 20, "postgresql": {"parameters": {"jit": None, "work_mem": "4MB"}}}
    assert touched(CURRENT, change) == {"ttl": CURRENT["ttl"], "postgresql.parameters.jit": "off"}
    after = {"ttl": 20, "loop_wait": 5, "postgresql.parameters.work_mem": "4MB"}
    assert touched(merged(CURRENT, change), change) == after


def test_merged_leaves_the_current_configuration_alone() -> None:
    after = merged(CURRENT, {"pause": None, "postgresql": {"parameters": {"jit": None}}, "slots": {"a": {}}})
    assert "pause" not in after
    assert after["postgresql"]["parameters"] == {"max_connections": 230}
    assert after["slots"] == {"a": {}}
    assert CURRENT["pause"] is True
    assert CURRENT["postgresql"]["parameters"]["jit"] == "off"


@pytest.mark.parametrize(
    ("config", "reason"),
    [
        ({}, ""),
        ({"ttl": 20, "loop_wait": 5, "retry_timeout": 5, "maximum_lag_on_failover": 0}, ""),
        ({"ttl": None, "loop_wait": 10, "retry_timeout": 10}, ""),
        ({"ttl": 19, "loop_wait": 1, "retry_timeout": 3}, "ttl: expected a number from 20 to 3600, found 19"),
        ({"loop_wait": 0}, "loop_wait: expected a number from 1 to 300, found 0"),
        ({"retry_timeout": "10"}, "retry_timeout: expected a number from 3 to 300, found '10'"),
        ({"synchronous_node_count": True}, "synchronous_node_count: expected a number from 1 to 100, found True"),
        ({"ttl": 20}, "expected at least loop_wait + 2 * retry_timeout = 30, found 20"),
        ({"ttl": 30, "loop_wait": 11}, "expected at least loop_wait + 2 * retry_timeout = 31, found 30"),
    ],
)
def test_what_patroni_would_bend_silently_is_refused(config: dict[str, Any], reason: str) -> None:
    found = objections(config, config)
    assert bool(found) is bool(reason)
    assert reason in "; ".join(found)


def test_what_nobody_declared() -> None:
    desired = {"ttl": 30, "postgresql": {"parameters": {"jit": "off"}, "use_slots": None}}
    current = {
        "ttl": 60,
        "pause": True,
        "postgresql": {"parameters": {"jit": "on", "work_mem": "1GB"}, "use_slots": True, "pg_hba": []},
    }
    assert undeclared(current, desired) == [
        "pause",
        "postgresql.parameters.work_mem",
        "postgresql.pg_hba",
        "postgresql.use_slots",
    ]
    assert undeclared(desired, desired) == ["postgresql.use_slots"]
    assert undeclared({"ttl": 30}, desired) == []


@pytest.mark.parametrize(
    ("wish", "reason"),
    [
        ({"failsafe_mode": "on"}, "failsafe_mode: expected true or false, found 'on'"),
        ({"synchronous_mode": "quorum"}, ""),
        ({"synchronous_mode": "strict"}, "synchronous_mode: expected true, false or quorum, found 'strict'"),
        ({"primary_start_timeout": -1}, "primary_start_timeout: expected a number from 0 to 86400 seconds, found -1"),
        ({"primary_stop_timeout": 86401}, "primary_stop_timeout: expected a number from 0 to 86400 seconds"),
        ({"maximum_lag_on_failover": 1 << 41}, "maximum_lag_on_failover: expected a number from 0 to 1099511627776"),
        ({"maximum_lag_on_syncnode": -1}, ""),
        ({"member_slots_ttl": "30min"}, ""),
        ({"ttl": 20.5}, "ttl: expected a number from 20 to 3600, found 20.5"),
        ({"slots": []}, "slots: expected a mapping, found []"),
        ({"ttl": 40, "tll": 30}, "tll: expected a key of Patroni's dynamic configuration, found none of that name"),
        ({"tll": 30}, "did you mean ttl?"),
        ({"master_start_timeout": 30}, "did you mean primary_start_timeout?"),
        ({"zebra": 1}, "found none of that name; there are check_timeline, failsafe_mode"),
        ({"zebra": None}, ""),
        ({"postgresql": {"use_pg_rewinds": True}}, "did you mean postgresql.use_pg_rewind?"),
        ({"postgresql": {"use_slots": "yes"}}, "postgresql.use_slots: expected true or false, found 'yes'"),
        ({"postgresql": {"pg_hba": ["local all all peer", 1]}}, "postgresql.pg_hba: expected a list of lines"),
        ({"postgresql": {"pgbackrest": {"command": "x"}, "create_replica_methods": ["pgbackrest"]}}, ""),
        ({"postgresql": {"parameters": {"max_connections": "230", "work_mem": "4MB"}}}, ""),
        (
            {"postgresql": {"parameters": {"max_connections": 0}}},
            "postgresql.parameters.max_connections: expected",
        ),
        (
            {"postgresql": {"parameters": {"max_wal_senders": "many"}}},
            "max_wal_senders: expected a number from 0 to",
        ),
        ({"postgresql": []}, "postgresql: expected a mapping, found []"),
    ],
)
def test_a_wish_that_patroni_does_not_know_is_refused(wish: dict[str, Any], reason: str) -> None:
    found = objections(wish, wish)
    assert bool(found) is bool(reason), found
    assert reason in "; ".join(found)


def test_what_others_have_put_there_is_judged_by_the_timing_alone() -> None:
    there = {"zebra": 1, "failsafe_mode": "on", "ttl": 30, "loop_wait": 5}
    assert objections({"maximum_lag_on_failover": 0}, {**there, "maximum_lag_on_failover": 0}) == []
    assert "found 30" in objections({"retry_timeout": 13}, {**there, "retry_timeout": 13})[0]
    assert "ttl: expected a number from 20 to 3600, found 10" in objections({}, {"ttl": 10})
