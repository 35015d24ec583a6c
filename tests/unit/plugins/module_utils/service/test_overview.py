# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which services a host knows of."""

from __future__ import annotations

from pathlib import Path

import pytest
from ansible_collections.erpops.estate.plugins.module_utils.clients.errors import Refused
from ansible_collections.erpops.estate.plugins.module_utils.policy.converge import Proven
from ansible_collections.erpops.estate.plugins.module_utils.service.overview import Service, services
from ansible_collections.erpops.estate.plugins.module_utils.service.record import Record

ETCD = {"kind": "etcd", "params": {"port": 2379}}


@pytest.fixture
def directory(tmp_path: Path) -> str:
    """Records of a container, of a unit, and of one that is just being created."""
    Record("etcd", str(tmp_path)).prove(Proven("4fd0", health=ETCD))
    Record("keepalived", str(tmp_path)).prove(Proven("keepalived", health={"kind": "keepalived", "params": {}}))
    Record("redis", str(tmp_path)).intend(Proven())
    return str(tmp_path)


def test_all_services_with_the_questions_they_were_proven_by(directory: str) -> None:
    assert services(directory=directory) == [
        Service("etcd", "etcd", {"port": 2379}, unit=False),
        Service("keepalived", "keepalived", {}, unit=True),
        Service("redis", "", {}, unit=False),
    ]


def test_the_named_ones_in_the_order_asked(directory: str) -> None:
    assert [service.name for service in services(["redis", "etcd"], directory)] == ["redis", "etcd"]


def test_a_name_without_a_record_is_refused_with_those_that_have_one(directory: str) -> None:
    with pytest.raises(Refused, match=r"services patroni .*found records of etcd, keepalived, redis; run the role"):
        services(["etcd", "patroni"], directory)


def test_a_service_without_predicate_has_no_member(directory: str) -> None:
    assert services(["redis"], directory)[0].member() is None
