# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who ends which lease, and what stands in etcd after each step. Etcd is a dictionary here; the estate has its own."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.erpops.estate.plugins.module_utils.clients.errors import Conflict, MissingFile, Unreachable
from ansible_collections.erpops.estate.plugins.module_utils.leases import keeper, store
from ansible_collections.erpops.estate.plugins.module_utils.leases.keeper import Keeper
from ansible_collections.erpops.estate.plugins.module_utils.leases.store import LeaseStore
from ansible_collections.erpops.estate.plugins.module_utils.leases.undo import KINDS, Kind, Means
from ansible_collections.erpops.estate.plugins.module_utils.policy import leases
from ansible_collections.erpops.estate.plugins.module_utils.policy.leases import Ending, Lease, Step

from tests.unit.plugins.module_utils.leases.keys import Keys

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


class Estate:
    """One estate at one moment, and what was taken back in it."""

    def __init__(self) -> None:
        self.keys = Keys()
        self.time = NOON
        self.undone: list[str] = []
        self.trouble: Exception | None = None
        self.store = LeaseStore(self.keys, "lab", lambda: self.time)

    def undo(self, means: Means, lease: Lease) -> list[str]:
        if self.trouble:
            raise self.trouble
        self.undone.append(f"{lease.name} by {means[0]['name']}")
        return ["Patroni resumed"]

    def keeper(self, host: str = "node1") -> Keeper:
        def means(service: str) -> Means:
            return [{"name": host}] if service == "patroni" and host != "store1" else []

        return Keeper(self.store, host, means, {"patroni_pause": Kind("patroni", self.undo)})

    def take(self, name: str = "lab", minutes: float = 10, **more: Any) -> Step:
        said = {"owner": "ada", "reason": "why", **more}
        wish = leases.wanted(said.pop("kind", "patroni_pause"), name, minutes=minutes, now=self.time, **said)
        return self.store.take(wish)[0]

    def names(self) -> list[str]:
        return [held.lease.name for held in self.store.all().held]


@pytest.fixture
def estate() -> Estate:
    return Estate()


def test_what_has_expired_is_taken_back_and_forgotten_and_the_rest_stays(estate: Estate) -> None:
    estate.take("lab", 10)
    estate.take("other", 60)
    assert estate.keeper().sweep().ended == []
    estate.time += timedelta(minutes=11)
    assert estate.keeper().sweep().ended == [
        "ended patroni_pause lab, held by ada (why) until 2026-11-23 12:10:00 UTC: Patroni resumed"
    ]
    assert (estate.undone, estate.names()) == (["lab by node1"], ["other"])
    assert estate.keeper("node2").sweep() == keeper.Sweep()


def test_a_host_without_the_means_leaves_it_to_another(estate: Estate) -> None:
    estate.take("lab", 1)
    estate.take("drained", 1, host="node2")
    estate.take("unknown", 1, kind="new_kind")
    estate.time += timedelta(minutes=2)
    assert [sentence.partition(",")[0] for sentence in estate.keeper("store1").sweep().waiting] == [
        "new_kind unknown",
        "patroni_pause drained",
        "patroni_pause lab",
    ]
    estate.keeper("node1").sweep()
    assert estate.names() == ["unknown", "drained"]
    estate.keeper("node2").sweep()
    assert estate.names() == ["unknown"]


def test_of_two_hosts_one_takes_it_back(estate: Estate) -> None:
    estate.take("lab", 1)
    estate.time += timedelta(minutes=2)
    found, _ = estate.keeper("node1").due()

    def faster() -> None:
        estate.keeper("node2").sweep()

    estate.keys.before_swap = faster
    assert estate.keeper("node1").end(found[0]) == []
    assert estate.undone == ["lab by node2"]


def test_what_could_not_be_taken_back_stays_is_said_and_is_tried_again(estate: Estate) -> None:
    estate.take("lab", 1)
    estate.take("other", 1)
    estate.time += timedelta(minutes=2)
    estate.trouble = Unreachable("Patroni", expected="an answer", found="none")
    failed = estate.keeper().sweep().failed
    assert len(failed) == 2
    assert "Patroni; expected an answer" in failed[0]
    assert estate.names() == ["lab", "other"]
    with pytest.raises(Conflict, match="being taken back"):
        estate.take("lab")
    estate.trouble = None
    assert estate.keeper().sweep().ended == [], "whoever began may still be at it"
    estate.time += timedelta(minutes=2)
    assert len(estate.keeper("node2").sweep().ended) == 2


def test_who_renews_in_that_moment_keeps_it(estate: Estate) -> None:
    estate.take("lab", 1)
    estate.time += timedelta(minutes=2)
    found, _ = estate.keeper().due()
    assert estate.take("lab", 10) is Step.TAKE_OVER
    assert estate.keeper().end(found[0]) == []
    assert estate.undone == []


def test_the_leases_of_one_owner_can_be_ended_before_their_time(estate: Estate) -> None:
    estate.take("lab", 60)
    estate.take("other", 60, owner="bob")
    estate.keeper().sweep(Ending("ada"))
    assert estate.names() == ["other"]


def test_what_is_part_of_what_does_not_stand_any_more_is_taken_back(estate: Estate) -> None:
    estate.take("orphan", 60, details=leases.part_of("host_out", "node2"))
    estate.take("lab", 60)
    assert estate.keeper().sweep(Ending(name="lab")).ended == []
    assert [text.partition(",")[0] for text in estate.keeper().sweep().ended] == ["ended patroni_pause orphan"]
    assert (estate.undone, estate.names()) == (["orphan by node1"], ["lab"])


def test_while_a_record_cannot_be_read_nothing_counts_as_an_orphan(estate: Estate) -> None:
    estate.take("orphan", 60, details=leases.part_of("host_out", "node2"))
    estate.keys.swap("/erpops/lab/leases/host_out/node2", "?", 0)
    assert estate.keeper().sweep().ended == []


def test_the_lease_of_a_host_that_is_gone_can_be_abandoned(estate: Estate) -> None:
    estate.take("node2", 60, host="node2")
    estate.take("node3", 60, host="node3")
    wish = Ending("bob", "patroni_pause", "node2")
    assert estate.keeper().abandon(wish).ended == [], "it is ada's"
    wish = Ending("bob", "patroni_pause", "node2", force=True)
    assert estate.keeper("node2").abandon(wish).ended == [], "who could take it back does not abandon it"
    assert "would abandon" in estate.keeper().abandon(wish, dry=True).ended[0]
    assert estate.names() == ["node2", "node3"]
    assert estate.keeper().abandon(wish).ended == [
        "abandoned patroni_pause node2, held by ada (why) until 2026-11-23 13:00:00 UTC: nothing was taken back"
    ]
    assert (estate.undone, estate.names()) == ([], ["node3"])


def test_a_record_that_is_none_keeps_no_other(estate: Estate) -> None:
    estate.take("lab", 1)
    estate.keys.swap("/erpops/lab/leases/patroni_pause/broken", "?", 0)
    estate.time += timedelta(minutes=2)
    result = estate.keeper().sweep()
    assert len(result.ended) == 1
    assert "/erpops/lab/leases/patroni_pause/broken: expected the record of a lease" in result.failed[0]
    assert "etcdctl del" in result.failed[0]


def test_somebody_else_s_lease_is_a_conflict_and_a_faster_one_too(estate: Estate) -> None:
    assert estate.take("lab") is Step.TAKE
    assert estate.take("lab") is Step.KEEP
    with pytest.raises(Conflict, match="held by ada"):
        estate.take("lab", owner="bob")

    def faster() -> None:
        estate.take("other", owner="bob")

    estate.keys.before_swap = faster
    with pytest.raises(Conflict, match="held by bob"):
        estate.take("other")


def test_every_kind_names_a_service_that_hosts_have_records_of() -> None:
    from ansible_collections.erpops.estate.plugins.module_utils import members

    # A host can always start its own services again, whichever they are, and remove a record that is nothing else.
    assert {name for name, kind in KINDS.items() if not kind.service} == {"change_lock", "host_out"}
    assert {kind.service for kind in KINDS.values()} <= {*members.KINDS, ""}


def test_the_program_says_what_it_cannot_do(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert keeper.main([str(tmp_path / "missing.json")]) == 1
    assert "leases cannot be kept" in capsys.readouterr().err
    (tmp_path / "torn.json").write_text("{")
    with pytest.raises(MissingFile, match="run the role leases"):
        store.configuration(str(tmp_path / "torn.json"))
    wish = {"estate": "lab", "host": "node1", "etcd": {"members": {"node1": "127.0.0.1"}, "port": 1}}
    wish["etcd"] |= {"ca_file": __file__, "cert_file": __file__, "key_file": __file__}  # type: ignore[operator]  # a dictionary
    (tmp_path / "keeper.json").write_text(json.dumps(wish))
    assert keeper.main([str(tmp_path / "keeper.json")]) == 1
    assert "leases cannot be kept: etcd at 127.0.0.1:1" in capsys.readouterr().err
