# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest
from ansible_collections.erpops.estate.plugins.module_utils.policy.left_out import password_objections


@pytest.mark.parametrize(
    ("instances", "left_out"),
    [
        pytest.param([], [], id="nothing is new and nobody is left out"),
        pytest.param(["north"], [], id="everybody learns it"),
        pytest.param([], ["node1"], id="nothing is new"),
    ],
)
def test_no_objection(instances: list[str], left_out: list[str]) -> None:
    assert password_objections(instances, left_out) == []


def test_each_instance_is_named_with_variable_hosts_and_remedy() -> None:
    north, south = password_objections(["north", "south"], ["node1", "node3"])
    assert north.startswith("north: ")
    assert "estate_instance_secrets.south.database_password" in south
    for sentence in (north, south):
        assert "--limit leaves out node1, node3 of group odoo" in sentence
        assert "Run without --limit, or with all hosts of group odoo in it" in sentence
