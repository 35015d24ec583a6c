# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A container for web leaves only when another node serves."""

from __future__ import annotations

from pathlib import Path

import pytest
from ansible_collections.erpops.estate.plugins.module_utils.health.traefik import Edge
from ansible_collections.erpops.estate.plugins.module_utils.health.verdict import Verdict
from ansible_collections.erpops.estate.plugins.module_utils.members import build, odoo


@pytest.mark.parametrize("another_serves", [True, False])
def test_it_drains_only_while_another_node_serves(
    another_serves: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mark = tmp_path / "draining"
    peers = [{"name": "node2", "address": "127.0.0.1"}]
    params = {"name": "odoo_north_web", "process": "web", "address": "127.0.0.1", "http_port": 1, "peers": peers}
    member = build("odoo", {**params, "drain_file": str(mark), "drain_seconds": 0})
    monkeypatch.setattr(odoo, "PATIENCE_SECONDS", 0)
    monkeypatch.setattr(member, "may_leave", lambda: Verdict(another_serves))
    assert bool(member.step_aside()) == another_serves
    assert mark.exists() == another_serves


def test_one_that_does_not_answer_leads_nothing_and_is_not_healthy() -> None:
    peers = [{"name": "node2", "address": "127.0.0.1"}]
    params = {"name": "odoo_north_web", "process": "web", "address": "127.0.0.1", "http_port": 1, "peers": peers}
    member = build("odoo", params)
    assert not member.leads()
    assert not member.health().ok
    assert not member.may_leave().ok


def at_edge(**states: str) -> Edge:
    servers = [{"url": f"http://{name}:8069"} for name in states]
    status = {f"http://{name}:8069": state for name, state in states.items()}
    service = {"name": "north-web@file", "loadBalancer": {"servers": servers}, "serverStatus": status}
    return Edge("node1", services=[service])


@pytest.mark.parametrize(
    ("edge", "ok"),
    [
        pytest.param(at_edge(node1="UP", node2="UP"), True, id="both are in service"),
        pytest.param(at_edge(node1="UP"), False, id="the other one is drained"),
        pytest.param(at_edge(node1="UP", node2="DOWN"), False, id="the edge has not seen it up"),
        pytest.param(at_edge(node2="UP"), True, id="this one is drained"),
        pytest.param(Edge("node1"), True, id="an edge that does not know the instance yet"),
        pytest.param(Edge("node1", trouble="no answer"), True, id="an edge that serves nobody"),
    ],
)
def test_where_the_edges_send_users_counts(edge: Edge, ok: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    params = {
        "name": "odoo_north_web",
        "process": "web",
        "address": "node1",
        "http_port": 8069,
        "peers": [{"name": "node2", "address": "node2"}],
        "edges": [{"name": "node1", "url": "http://192.0.2.1"}],
    }
    monkeypatch.setattr(odoo, "container_health", lambda _container: Verdict(True))
    monkeypatch.setattr(odoo.OdooMember, "_look", lambda *_: None)
    monkeypatch.setattr(odoo, "look_at_edge", lambda *_: edge)
    verdict = build("odoo", params).may_leave()
    assert verdict.ok is ok
    assert ok or "node1: expected another server that is up and not drained in north-web, found none" in verdict.reasons
