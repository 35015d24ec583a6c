# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How a service of this host is reached by who was not told."""

from __future__ import annotations

from pathlib import Path

import pytest
from ansible_collections.erpops.estate.plugins.module_utils.clients.errors import Refused
from ansible_collections.erpops.estate.plugins.module_utils.policy.converge import Proven
from ansible_collections.erpops.estate.plugins.module_utils.service.connection import recorded_connection
from ansible_collections.erpops.estate.plugins.module_utils.service.record import Record


@pytest.fixture
def directory(tmp_path: Path) -> str:
    Record("redis", str(tmp_path)).prove(Proven("4fd0", health={"kind": "redis", "params": {"port": 6379}}))
    Record("etcd", str(tmp_path)).intend(Proven())
    return str(tmp_path)


def test_it_is_what_the_service_was_proven_by(directory: str) -> None:
    assert recorded_connection("redis", option="cluster", directory=directory) == {"port": 6379}


def test_without_a_record_it_says_what_would_help(directory: str) -> None:
    with pytest.raises(Refused, match=r"records of etcd, redis; .* etcd runs, .* option members"):
        recorded_connection("etcd", option="members", directory=directory)
