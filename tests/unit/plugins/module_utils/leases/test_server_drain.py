# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An application host that is drained at one edge: what stands in the edge's file and in etcd after each step."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.erpops.estate.plugins.module_utils.clients.errors import Conflict, Refused, WriteForbidden
from ansible_collections.erpops.estate.plugins.module_utils.leases.server_drain import ServerDrain, take_back
from ansible_collections.erpops.estate.plugins.module_utils.leases.state import Outcome
from ansible_collections.erpops.estate.plugins.module_utils.leases.store import LeaseStore
from ansible_collections.erpops.estate.plugins.module_utils.leases.undo import KINDS
from ansible_collections.erpops.estate.plugins.module_utils.service.edge import EdgeOfHost

from tests.unit.plugins.module_utils.leases.keys import Keys

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
A, B = "172.30.77.11", "172.30.77.12"
WRITTEN = f"""\
http:
  services:
    north-web:
      loadBalancer:
        servers:
          - url: http://{A}:8069
          - url: http://{B}:8069
"""
OUT = WRITTEN.replace(f"- url: http://{B}", f"# drained: http://{B}")


class OneEdge:
    """An edge that routes by a file of its own, at one moment."""

    def __init__(self, directory: Path) -> None:
        self.file = directory / "estate.yml"
        self.file.write_text(WRITTEN, encoding="utf-8")
        self.keys = Keys()
        self.time = NOON
        self.params = {
            "name": "node1",
            "url": "http://127.0.0.1:1",
            "peers": [],
            "services": {"north-web": [f"http://{A}:8069", f"http://{B}:8069"]},
            "application_hosts": {"node1": A, "node2": B},
            "dynamic_file": str(self.file),
        }

    def do(
        self, state: str, owner: str = "ada", *, server: str = "node2", dry: bool = False, **more: Any
    ) -> dict[str, Any]:
        edge = EdgeOfHost(self.params)
        outcome = Outcome()
        store = LeaseStore(self.keys, "lab", lambda: self.time)
        drain = ServerDrain(edge, edge.address(server), store, outcome, dry=dry, **more)
        if state == "drained":
            drain.take(owner, "new memory", 30)
        else:
            drain.give_back(owner, force=False)
        return outcome.result("drained")

    @property
    def text(self) -> str:
        return self.file.read_text(encoding="utf-8")

    @property
    def leases(self) -> list[str]:
        return sorted(key.rpartition("/leases/")[2] for key in self.keys.entries_by_key)


@pytest.fixture
def edge(tmp_path: Path) -> OneEdge:
    return OneEdge(tmp_path)


def test_there_and_back(edge: OneEdge) -> None:
    assert edge.do("drained")["actions"] == ["lease taken", "server taken out of the file"]
    assert (edge.text, edge.leases) == (OUT, [f"server_drain/node1:{B}"])
    assert edge.do("in_service")["actions"] == ["server put back into the file", "lease of ada ended"]
    assert (edge.text, edge.leases) == (WRITTEN, [])


def test_the_second_time_nothing_changes(edge: OneEdge) -> None:
    edge.do("drained")
    assert edge.do("drained", server=B)["changed"] is False
    edge.do("in_service")
    assert edge.do("in_service")["changed"] is False


def test_check_mode_says_the_same_and_writes_nothing(edge: OneEdge) -> None:
    assert edge.do("drained", dry=True)["actions"] == ["lease taken", "server taken out of the file"]
    assert (edge.text, edge.leases) == (WRITTEN, [])
    edge.do("drained")
    before = edge.keys.revision
    assert edge.do("in_service", dry=True)["actions"] == ["server put back into the file", "lease of ada ended"]
    assert (edge.text, edge.keys.revision) == (OUT, before)


@pytest.mark.usefixtures("writes_off")
def test_the_file_of_an_edge_is_not_written_in_check_mode(edge: OneEdge) -> None:
    with pytest.raises(WriteForbidden, match="no write in check mode"):
        EdgeOfHost(edge.params).write("")
    assert edge.text == WRITTEN


def test_what_somebody_else_drained_is_left_alone(edge: OneEdge) -> None:
    edge.do("drained")
    for state in ("drained", "in_service"):
        with pytest.raises(Conflict, match="held by ada"):
            edge.do(state, "bob")
    assert edge.text == OUT


def test_what_was_drained_by_hand_gets_a_lease_or_goes_back(edge: OneEdge) -> None:
    edge.file.write_text(OUT, encoding="utf-8")
    assert edge.do("drained")["actions"] == ["lease taken"]
    edge.do("in_service")
    edge.file.write_text(OUT, encoding="utf-8")
    assert edge.do("in_service")["actions"] == ["server put back into the file"]


def test_a_stranger_is_refused_with_those_that_are_known(edge: OneEdge) -> None:
    with pytest.raises(Refused, match=f"expected one of {A}, {B}, node1, node2; found no server of that name"):
        edge.do("drained", server="node9")
    assert (edge.text, edge.leases) == (WRITTEN, [])


def test_a_lease_that_has_expired_is_taken_over(edge: OneEdge) -> None:
    edge.do("drained")
    edge.time = NOON + timedelta(minutes=31)
    assert edge.do("drained", "bob")["actions"] == ["lease taken over"]


def test_a_drain_says_of_what_it_is_part(edge: OneEdge) -> None:
    edge.do("drained", part_of={"part_of": "host_out node2"})
    assert [json.loads(entry.value)["details"] for entry in edge.keys.entries_by_key.values()] == [
        {"part_of": "host_out node2"}
    ]


def test_the_keeper_puts_back_what_this_edge_drained(edge: OneEdge, monkeypatch: pytest.MonkeyPatch) -> None:
    waited: list[str] = []
    monkeypatch.setattr(EdgeOfHost, "wait_until_loaded", lambda _self, address, **_more: waited.append(address))
    edge.do("drained")
    own = EdgeOfHost(edge.params)
    assert take_back(own, f"node1:{B}") == [f"{B} is in service at node1 again"]
    assert (edge.text, waited) == (WRITTEN, [B])
    assert take_back(own, f"node1:{B}") == []
    assert KINDS["server_drain"].service == "traefik"
