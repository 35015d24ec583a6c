"""A pause of PostgreSQL's cluster as a lease: whose it is, who may end it, and that it ends when nobody does."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest

from tests.estate import site, traces
from tests.estate.daemons import KEEPER, PAUSES, TIMER, Etcd, Patroni
from tests.estate.wait import until, until_whole
from tests.estate.world import Estate, Host, Instance

ACTIONS = "erpops.estate.odoo_scheduled_action"
MAINTENANCE, INFO = "erpops.estate.patroni_maintenance", "erpops.estate.lease_info"
END, SERVER = "erpops.estate.lease_end", "erpops.estate.traefik_server"
LEASES, EDGE_FILE = "/erpops/lab/leases/", "/etc/erpops/traefik/dynamic/estate.yml"


@pytest.fixture(scope="module")
def patroni(estate: Estate) -> Patroni:
    return Patroni(estate)


@pytest.fixture(scope="module")
def etcd(estate: Estate) -> Etcd:
    return Etcd(estate)


@pytest.fixture(autouse=True)
def host(patroni: Patroni, etcd: Etcd) -> Iterator[Host]:
    """The host that is asked; whatever a test leaves behind is taken away."""
    assert etcd.pauses() == {}
    yield patroni.hosts[0]
    if etcd.pauses() or paused(patroni):
        ask(patroni.hosts[0], MAINTENANCE, state="running", owner="tests", force=True)


def ask(host: Host, name: str, /, *options: str, **arguments: Any) -> dict[str, Any]:
    return site.module(host.name, name, arguments or None, *options)[host.name]


def pause(host: Host, owner: str, *options: str, **more: Any) -> dict[str, Any]:
    return ask(host, MAINTENANCE, *options, state="paused", owner=owner, reason="switches are replaced", **more)


def paused(patroni: Patroni) -> bool:
    return "pause: true" in patroni.config()


def test_a_pause_has_an_owner_and_nobody_else_ends_it(patroni: Patroni, etcd: Etcd, host: Host) -> None:
    first = pause(host, "ada", minutes=5)
    assert not first["failed"], first
    assert (first["changed"], first["actions"]) == (True, ["lease taken", "Patroni paused"])
    assert paused(patroni)
    records = etcd.pauses()
    assert len(records) == 1
    again = pause(patroni.hosts[-1], "ada", minutes=5)
    assert (again["failed"], again["changed"], again["paused"]) == (False, False, True)
    assert etcd.pauses() == records, "the second time nothing is written"

    listed = [entry for entry in ask(patroni.hosts[1], INFO)["leases"] if entry["kind"] == "patroni_pause"]
    assert [(entry["name"], entry["owner"], entry["expired"]) for entry in listed] == [("lab", "ada", False)]
    assert 200 < listed[0]["seconds_left"] <= 300
    for refused in (pause(host, "bob"), ask(host, MAINTENANCE, state="running", owner="bob")):
        assert (refused["failed"], refused["error"]) == (True, "conflict")
        assert "held by ada (switches are replaced) until" in refused["msg"]
    assert (etcd.pauses(), paused(patroni)) == (records, True)

    ended = ask(host, MAINTENANCE, state="running", owner="ada")
    assert (ended["changed"], ended["actions"]) == (True, ["Patroni resumed", "lease of ada ended"])
    assert (etcd.pauses(), paused(patroni)) == ({}, False)
    assert not ask(host, MAINTENANCE, state="running", owner="ada")["changed"]


def test_check_mode_says_what_would_be_and_writes_nothing(patroni: Patroni, etcd: Etcd, host: Host) -> None:
    before = patroni.state()
    would = pause(host, "ada", "--check", "--diff")
    assert (would["changed"], would["actions"]) == (True, ["lease taken", "Patroni paused"])
    assert would["diff"]["before"] == {"paused": False}
    assert (would["diff"]["after"]["paused"], would["diff"]["after"]["owner"]) == (True, "ada")
    assert (patroni.state(), etcd.pauses()) == (before, {})
    pause(host, "ada")
    before, records = patroni.state(), etcd.pauses()
    would = ask(host, MAINTENANCE, "--check", state="running", owner="bob", force=True)
    assert would["actions"] == ["Patroni resumed", "lease of ada ended"]
    assert (patroni.state(), etcd.pauses()) == (before, records)


@pytest.mark.parametrize(
    ("more", "reason"),
    [
        ({"minutes": 0}, "minutes: expected 1 to 1440, found 0"),
        ({"reason": ""}, "reason: expected to be said"),
    ],
)
def test_what_cannot_be_a_lease_is_refused(host: Host, more: dict[str, Any], reason: str) -> None:
    found = ask(host, MAINTENANCE, **{"state": "paused", "owner": "ada", "reason": "why", **more})
    assert (found["failed"], found["error"]) == (True, "invalid")
    assert reason in found["msg"]


def test_a_run_that_dies_after_the_record_leaves_what_ends_it(patroni: Patroni, etcd: Etcd, host: Host) -> None:
    """The wrong password stands for whatever stops a run between the record and the pause."""
    broken = pause(host, "ada", password_file="/etc/hostname")  # noqa: S106 - a file
    assert (broken["failed"], broken["error"], broken["actions"]) == (True, "not_authorised", ["lease taken"])
    assert (list(etcd.pauses()) != [], paused(patroni)) == (True, False)
    assert ask(host, MAINTENANCE, state="running", owner="ada")["actions"] == ["lease of ada ended"]


def test_whatever_an_owner_holds_can_be_ended_at_once(patroni: Patroni, etcd: Etcd, host: Host) -> None:
    pause(host, "nightly")
    records = etcd.pauses()
    other = ask(host, END, owner="bob")
    would = ask(host, END, "--check", owner="nightly")
    assert (other["changed"], would["changed"], etcd.pauses(), paused(patroni)) == (False, True, records, True)
    unsaid = ask(host, END, force=True)
    assert (unsaid["failed"], unsaid["error"]) == (True, "invalid")
    ended = ask(patroni.hosts[-1], END, owner="nightly")
    assert (ended["failed"], ended["changed"], len(ended["ended"])) == (False, True, 1)
    assert (etcd.pauses(), paused(patroni)) == ({}, False)
    assert not ask(host, END, owner="nightly")["changed"]


def test_a_pause_by_hand_is_no_secret(patroni: Patroni, etcd: Etcd, host: Host) -> None:
    host.check_output("docker exec patroni patronictl -c /etc/patroni pause --wait")
    assert ask(host, "erpops.estate.patroni_info")["paused"]
    assert pause(host, "ada")["actions"] == ["lease taken"]
    ask(host, MAINTENANCE, state="running", owner="ada")
    assert (etcd.pauses(), paused(patroni)) == ({}, False)


def active(estate: Estate, instance: Instance) -> str:
    """Return how many scheduled actions of an instance are to run."""
    return traces.psql(traces.leader(estate), instance.database, "select count(*) from ir_cron where active")


def running(host: Host) -> set[str]:
    return {name for name, container in host.containers().items() if container["State"]["Running"]}


def test_what_nobody_takes_back_is_ended_by_the_timers(
    estate: Estate, patroni: Patroni, etcd: Etcd, host: Host, south: Instance
) -> None:
    """Not even a host that is out stays so: its own timer starts everything."""
    since, edges, node = int(time.time()), estate.group("edge"), estate.group("odoo")[-1]
    away = next(host for host in patroni.hosts[::-1] if host.name not in {edge.name for edge in edges})
    before, scheduled = running(away), active(estate, south)
    drain = {"server": node.name, "state": "drained", "owner": "ada", "reason": "new memory", "minutes": 1}
    drained = site.module("edge", SERVER, drain)
    assert not [result for result in drained.values() if result["failed"]], drained
    quiet = {"name": south.name, "state": "paused", "owner": "ada", "reason": "addresses are corrected", "minutes": 1}
    assert ask(node, ACTIONS, **quiet)["paused"]
    assert active(estate, south) == "0"
    paused_at = time.monotonic()
    assert pause(host, "ada", minutes=1)["paused"]
    words = ("-e", f"out_host={away.name}", "-e", "out_owner=ada@bastion", "-e", "out_minutes=1")
    site.run(*words, playbook="erpops.estate.host_out")
    assert not running(away)
    interval = 30  # of the role
    until(lambda: etcd.pauses() == {}, 60 + interval + 15, "a timer to end the lease", interval=2)
    took = time.monotonic() - paused_at
    assert not paused(patroni)
    assert took > 45, "expected it to last as long as it was taken for"
    # The server was drained before, on each edge by a lease of its own: an edge's own host ends it.
    until(lambda: not etcd.ctl(f"get {LEASES} --prefix").strip(), interval + 90, "the hosts to end theirs", interval=2)
    assert not [edge for edge in edges if "# drained:" in edge.file(EDGE_FILE).content_string]
    assert active(estate, south) == scheduled != "0"
    assert said(etcd.hosts, since, "ended patroni_pause lab, held by ada") == ["Patroni resumed"]
    print(f"ended {took - 60:.0f} s after its end")
    until(lambda: running(away) == before, interval + 120, "everything on the host to run again", interval=2)
    until_whole(estate)


def test_a_drain_whose_host_is_in_again_is_taken_back_by_the_next_run(
    estate: Estate, patroni: Patroni, etcd: Etcd
) -> None:
    """What a run leaves behind that is killed between the start of a host and its return to the edges."""
    edges, node = estate.group("edge"), estate.group("odoo")[-1]
    drain = {"server": node.name, "state": "drained", "owner": "ada", "reason": "new memory", "out_host": node.name}
    try:
        for edge in edges:
            edge.check_output("systemctl stop %s", TIMER)
        drained = site.module("edge", SERVER, drain)
        assert not [result for result in drained.values() if result["failed"]], drained
        run = site.run("-e", f"switchover_to={patroni.leader()}", playbook="erpops.estate.switchover")
    finally:
        for edge in edges:
            edge.check_output("systemctl start %s", TIMER)
    asked = [one for _host, task, result in run.results if task.startswith("End what") for one in result["results"]]
    ended = {one["item"]: one["ended"] for one in asked if one.get("ended")}
    assert {host: len(sentences) for host, sentences in ended.items()} == {edge.name: 1 for edge in edges}
    for host, sentences in ended.items():
        assert sentences[0].startswith(f"ended server_drain {host}:"), sentences
        assert sentences[0].endswith(f" is in service at {host} again"), sentences
    assert not [edge for edge in edges if "# drained:" in edge.file(EDGE_FILE).content_string]
    assert etcd.ctl(f"get {LEASES} --prefix").strip() == ""


def test_the_lease_of_a_host_that_will_not_be_back_is_forgotten_by_another(etcd: Etcd, patroni: Patroni) -> None:
    told = {"owner": "ada", "reason": "it burnt", "minutes": 5, "host": "node9", "state": "announced"}
    gone, other = patroni.hosts[0], patroni.hosts[1]
    wish = {"kind": "host_out", "name": "node9", "force": True, "abandon": True}
    try:
        announced = site.module(gone.name, "erpops.estate.host_maintenance", told)[gone.name]
        assert not announced["failed"], announced
        waits = site.module(other.name, END, {**wish, "abandon": False})[other.name]
        assert (waits["ended"], len(waits["waiting"])) == ([], 1)
        forgotten = site.module(other.name, END, wish)[other.name]["ended"]
        assert forgotten[0].startswith("abandoned host_out node9, held by ada (it burnt)")
        assert etcd.ctl(f"get {LEASES} --prefix").strip() == ""
    finally:
        gone.check_output("rm --force /var/lib/erpops/out_of_service")


def test_every_host_keeps_its_leases(estate: Estate) -> None:
    for host in estate.hosts:
        assert host.service(TIMER).is_running, host.name
        assert host.run("systemctl start %s", KEEPER).rc == 0, host.name
    found = site.module("all", INFO)
    assert {host: result["failed"] for host, result in found.items()} == {host.name: False for host in estate.hosts}


def said(hosts: list[Host], since: int, beginning: str) -> list[str]:
    """Return how the keepers' lines with this beginning end: what they did about it."""
    journal = f"journalctl --unit {KEEPER} --since %s --output cat"
    lines = [line for host in hosts for line in host.check_output(journal, f"@{since}").splitlines()]
    return [line.rpartition(": ")[2] for line in lines if line.startswith(beginning)]


def test_a_record_that_is_none_is_said_and_keeps_no_other(etcd: Etcd, host: Host) -> None:
    stranger = f"{PAUSES}stranger"
    etcd.ctl(f"put {stranger} nonsense")
    try:
        listed = ask(host, INFO)
        run = host.run("systemctl start %s", KEEPER)
        said = host.check_output("journalctl --unit %s --lines 20 --output cat", KEEPER)
    finally:
        etcd.ctl(f"del {stranger}")
    assert len(listed["broken"]) == 1
    assert stranger in listed["broken"][0]
    assert run.rc != 0
    assert f"{stranger}: expected the record of a lease" in said
    assert host.run("systemctl start %s", KEEPER).rc == 0
