# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How a service of this host is reached by who was not told."""

from __future__ import annotations

from pathlib import Path

import pytest
from ansible_collections.erpops.estate.plugins.module_utils.clients.errors import Refused
from ansible_collections.erpops.estate.plugins.module_utils.policy.converge import Proven
from ansible_collections.erpops.estate.plugins.module_utils.service.connection import completed, recorded_connection
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


def test_what_was_not_given_is_taken_from_the_record(tmp_path: Path) -> None:
    params = {"name": "node1", "members": {"node1": "10.0.0.1"}, "ca_file": "/ca"}
    Record("patroni", str(tmp_path)).prove(Proven("4fd0", health={"kind": "patroni", "params": params}))
    given = {"members": None, "ca_file": "/given", "member": None, "timeout": 3, "password_file": None}
    found = {**given, "members": params["members"], "member": "node1"}
    assert completed(given, "patroni", ("members", "ca_file"), str(tmp_path)) == found
    with pytest.raises(Refused, match=r"records of patroni; .* give the option password_file"):
        completed(given, "patroni", ("members", "password_file"), str(tmp_path))


def test_what_was_given_needs_no_record(directory: str) -> None:
    given = {"members": {"node1": "10.0.0.1"}, "member": None}
    assert completed(given, "etcd", ("members",), directory) == given
    with pytest.raises(Refused, match=r"records of etcd, redis; .* give the options members, ca_file"):
        completed({"members": None, "ca_file": None}, "etcd", ("members", "ca_file"), directory)
