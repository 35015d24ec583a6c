# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.erpops.estate.plugins.module_utils.policy.change import extra_variables

ROLES = ("estate_instances", "estate_images", "patroni_parameters")
MEANT = "{} from inventory and playbook, found among the extra variables"
NONE_BUT = (
    "none for rolling_restart but restart_services, change, plan and break_glass, found {}; say it in the inventory"
)


@pytest.mark.parametrize(
    ("extra", "named"),
    [
        ((), ""),
        (("change", "break_glass", "estate_images"), ""),
        (("estate_environment",), "estate_environment"),
        (("estate_host_survey",), "estate_host_survey"),
        (("gate_done", "estate_governance"), "estate_governance and gate_done"),
    ],
)
def test_where_a_run_is_nobody_says_who_launches_it(extra: tuple[str, ...], named: str) -> None:
    assert extra_variables.overridden(extra) == ([f"variables: expected {MEANT.format(named)}"] if named else [])


@pytest.mark.parametrize(
    ("playbook", "extra", "said"),
    [
        ("rolling_restart", {"change": "CHG-1", "plan": "p", "break_glass": "r", "restart_services": ["etcd"]}, ""),
        ("rolling_restart", {"ansible_user": "eve", "ansible_become_password": "p"}, ""),
        ("rolling_restart", {"restart_services": ["traefik"], "restart_service": "patroni"}, "found restart_service;"),
        (
            "rolling_restart",
            {"restart_seen": {}, "patroni_parameters": {}},
            "found patroni_parameters and restart_seen;",
        ),
        ("rolling_restart", {"estate_instances": []}, NONE_BUT.format("estate_instances")),
        ("rolling_restart", {"ansible_host": "node3"}, "found ansible_host;"),
        ("rolling_restart", {"awx_job_id": 7}, "found awx_job_id;"),
        ("switchover", {"switchover_seen": {}, "switchover_asked": "x"}, "found switchover_asked and switchover_seen;"),
        ("host_out", {"out_host": "node2", "inventory_hostname": "node1"}, "found inventory_hostname;"),
        ("host_out", {"out_edges": [], "out_lease": {}}, "found out_edges and out_lease;"),
        ("drill", {"drill_plan": {}, "drill_request": {}}, "found drill_plan and drill_request;"),
        ("site", {"patroni_parameters": {"x": 1}, "estate_images": {"etcd": "e:2"}}, ""),
        ("site", {"estate_instances": []}, "found estate_instances;"),
        ("site", {"__patroni_members": [], "estate_turn": "x"}, "found __patroni_members and estate_turn;"),
        ("ours", {"release": "19.0", "restart_service": "x"}, ""),
        ("ours", {"item": "node3", "estate_instances": []}, MEANT.format("estate_instances and item")),
        ("ours", {"inventory_hostname": "x", "ansible_port": 1}, MEANT.format("ansible_port and inventory_hostname")),
    ],
)
def test_what_a_playbook_works_with_nobody_alters_behind_the_plan(
    playbook: str, extra: dict[str, Any], said: str
) -> None:
    found = extra_variables.objected(extra, playbook, ROLES, job=False)
    assert len(found) == bool(said)
    assert said in "".join(found)


def test_in_a_job_what_awx_adds_is_nobodys_choice_and_nothing_else_is() -> None:
    assert extra_variables.objected({"awx_job_id": 7, "tower_webhook_payload": {}}, "drill", (), job=True) == []
    (said,) = extra_variables.objected({"awx_job_id": 7, "awx_s": "patroni"}, "drill", (), job=True)
    assert "found awx_s;" in said


@pytest.mark.parametrize(
    "value",
    ["{{ awx_s }}", "x{% if y %}", {"a": ["{{ now() }}"]}, {"{{ x }}": 1}, "#jinja2: block_start_string:'['"],
)
def test_a_template_is_no_value_that_anybody_could_have_approved(value: Any) -> None:
    for playbook in ("rolling_restart", "ours"):
        (said,) = extra_variables.objected({"restart_services": value}, playbook, (), job=False)
        assert said.startswith("variables: expected values, found templates in restart_services;")
