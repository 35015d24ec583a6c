# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A container for web leaves only when another node serves."""

from __future__ import annotations

from pathlib import Path

import pytest
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
