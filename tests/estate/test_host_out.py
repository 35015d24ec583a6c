"""A host leaves for maintenance while people work, and comes back."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import docker
import pytest

from tests.estate import module, site, traces
from tests.estate.daemons import TIMER, Etcd
from tests.estate.test_redis_modules import Cluster
from tests.estate.traces import redis_master
from tests.estate.untouched import started
from tests.estate.wait import until, until_whole
from tests.estate.world import Estate, Host, Instance
from tests.lab.plan import ESTATE
from tests.load.load import Load

OUT, IN, SWITCHOVER = "erpops.estate.host_out", "erpops.estate.host_in", "erpops.estate.switchover"
EDGE_FILE = "/etc/erpops/traefik/dynamic/estate.yml"
OUT_OF_SERVICE = "/var/lib/erpops/out_of_service"
LOCK = "/run/erpops-host-out.lock"
# A host that is there, and that nobody can log in to.
DEAF = """
table inet deaf {
    chain in {
        type filter hook input priority 0; policy accept;
        tcp dport 22 reject with tcp reset
    }
}
"""
# Seconds within which a second host is refused: no gate is waited for.
AT_ONCE = 20


def act(playbook: str, host: Host, *, check: bool = True) -> site.Run:
    arguments = ("-e", f"out_host={host.name}", "-e", "out_owner=ada@bastion", "-e", "out_reason=memory")
    return site.run(*arguments, check=check, playbook=playbook)


def answers(host: Host) -> bool:
    asked = site.module(host.name, "ansible.builtin.systemd_service", {"name": "docker", "state": "started"}, "--check")
    return not asked[host.name]["failed"] and not asked[host.name].get("changed")


def container_of(host: Host) -> str:
    [name] = [ESTATE.container(machine) for machine in ESTATE.machines if machine.name == host.name]
    return name


def running(host: Host) -> set[str]:
    return {name for name, container in host.containers().items() if container["State"]["Running"]}


def leases(host: Host, *kinds: str) -> list[dict[str, Any]]:
    """Return the leases by which hosts are out, or of these kinds, as a host that is in says."""
    found = module.run(host, "lease_info", {})["leases"]
    return [lease for lease in found if lease["kind"] in (kinds or ("host_out",))]


def drained(estate: Estate, victim: Host) -> list[str]:
    """Return the edges whose file sends the host nothing."""
    return [
        edge.name
        for edge in estate.group("edge")
        if f"# drained: http://{victim.address}" in edge.file(EDGE_FILE).content_string
    ]


def lead_redis(estate: Estate, host: Host) -> None:
    """Let this host have Redis' master. Sentinel takes no name: it goes by priority and hears of it within 10 s."""
    cluster = Cluster(estate)
    server = cluster.server(host.address)
    before = server.config_get("replica-priority")
    server.config_set("replica-priority", 1)
    try:
        until(lambda: cluster.master() == host.address or preferred(cluster, host), 30, "Sentinel to hear of it")
        module.run(host, "redis_sentinel_failover", {"candidate": host.address})
    finally:
        server.config_set("replica-priority", str(before["replica-priority"]))
        server.config_rewrite()


def preferred(cluster: Cluster, host: Host) -> bool:
    """Return whether every Sentinel knows that this host is to be promoted first."""
    known = [cluster.sentinel(other.address).sentinel_slaves("sessions") for other in cluster.hosts]
    return all(each["slave-priority"] == 1 for found in known for each in found if each["ip"] == host.address)


@pytest.fixture(scope="module")
def victim(estate: Estate) -> Iterator[Host]:
    """The busiest host there is: it has the virtual address and leads everything. It is back in the end."""
    host = estate.edge_with_address()
    site.run("-e", f"switchover_to={host.name}", playbook=SWITCHOVER)
    lead_redis(estate, host)
    # Left alone, the host would give etcd's leadership away: PostgreSQL's and etcd's are kept apart.
    host.check_output("systemctl stop %s", TIMER)
    Etcd(estate).lead(host)
    until_whole(estate)
    assert {traces.leader(estate).name, redis_master(estate).name, Etcd(estate).leader().name} == {host.name}
    yield host
    host.check_output("systemctl start %s", TIMER)
    if host.file(OUT_OF_SERVICE).exists:
        act(IN, host)
        until_whole(estate)


def test_a_host_leaves_while_people_work(estate: Estate, north: Instance, victim: Host) -> None:
    with Load(estate, north) as load:
        time.sleep(5)
        left = act(OUT, victim)
        victim.check_output("systemctl start %s", TIMER)
        time.sleep(10)
    result = load.result()
    print(result.summary())
    assert left.changes
    assert not running(victim)
    assert victim.service("docker").is_running
    assert victim.service("ssh").is_running
    other = next(host for host in estate.group("etcd") if host.name != victim.name)
    assert f" {victim.name}," in Etcd(estate).ctl("member list", host=other), "it is still a member"
    others = [edge.name for edge in estate.group("edge") if edge.name != victim.name]
    assert drained(estate, victim) == others
    assert estate.edge_with_address().name != victim.name
    assert not result.faults, result.summary()


def test_it_stays_out(victim: Host) -> None:
    assert act(OUT, victim).changes == 0
    refused = site.run("--tags", "etcd", check=False)
    assert refused.status != 0
    assert f"host {victim.name}: service: it was taken out of service" in refused.output
    assert not running(victim)


def test_nothing_is_started_on_it_by_a_restart(victim: Host) -> None:
    restart = ("-e", '{"restart_services": ["redis"]}', "--limit", victim.name)
    refused = site.run(*restart, check=False, playbook="erpops.estate.rolling_restart")
    assert f"{victim.name}: expected a host in service, found that it was taken out" in refused.output
    asked = {"services": ["redis"], "state": "started"}
    assert OUT_OF_SERVICE in module.run(victim, "service_state", asked, failing=True)["msg"]
    assert not running(victim)


def test_nobody_puts_it_back_while_somebody_else_is_at_it(victim: Host) -> None:
    victim.check_output("systemd-run --quiet --unit=erpops-test-lock flock %s sleep 120", LOCK)
    try:
        until(lambda: victim.run("flock --nonblock %s true", LOCK).failed, 10, "the lock to be held")
        refused = act(IN, victim, check=False)
    finally:
        victim.check_output("systemctl stop erpops-test-lock")
    assert f"somebody who holds {LOCK}" in refused.output
    assert not running(victim)


def test_a_second_one_is_refused_at_once(estate: Estate, victim: Host) -> None:
    second = next(host for host in estate.group("etcd") if host.name != victim.name)
    before = running(second)
    began = time.monotonic()
    refused = act(OUT, second, check=False)
    seconds = time.monotonic() - began
    print(f"refused after {seconds:.1f} s: {refused.output}")
    assert refused.status != 0
    assert f"put back first: host_out {victim.name}, held by ada@bastion (memory) until" in refused.output
    assert seconds < AT_ONCE
    assert running(second) == before
    assert [lease["name"] for lease in leases(second)] == [victim.name]


def test_one_that_loses_its_power_is_still_out_when_it_answers_again(estate: Estate, victim: Host) -> None:
    other = next(host for host in estate.group("etcd") if host.name != victim.name)
    others = [edge.name for edge in estate.group("edge") if edge.name != victim.name]
    machine = docker.from_env(timeout=60).containers.get(container_of(victim))
    machine.kill()
    try:
        refused = act(IN, victim, check=False)
    finally:
        machine.start()
    assert refused.status != 0
    assert "nothing was changed: it is still out and drained at the edges" in refused.output
    assert [lease["name"] for lease in leases(other)] == [victim.name]
    until(lambda: answers(victim), 120, "the host to answer again")
    assert drained(estate, victim) == others
    assert not running(victim)
    assert [edge.name for edge in estate.edges_with_address()] == others


def test_a_dry_run_says_that_it_would_come_back_and_starts_nothing(estate: Estate, victim: Host) -> None:
    other = next(host for host in estate.group("etcd") if host.name != victim.name)
    before, mark = started(estate), victim.file(OUT_OF_SERVICE).mtime
    would = site.run("--check", "-e", f"out_host={victim.name}", "-e", "out_owner=ada@bastion", playbook=IN)
    assert (victim.name, "Start everything") in would.tasks
    assert (started(estate), victim.file(OUT_OF_SERVICE).mtime) == (before, mark)
    assert [lease["name"] for lease in leases(other)] == [victim.name]


def test_it_comes_back_while_people_work_and_nothing_is_left_of_it(
    estate: Estate, north: Instance, victim: Host
) -> None:
    with Load(estate, north) as load:
        time.sleep(2)
        act(IN, victim)
        time.sleep(5)
    result = load.result()
    print(result.summary())
    assert not result.faults, result.summary()
    until_whole(estate)
    assert leases(victim, "host_out", "server_drain") == []
    assert drained(estate, victim) == []
    assert not victim.file(OUT_OF_SERVICE).exists
    assert act(IN, victim).changes == 0


def test_beside_an_edge_that_does_not_answer_it_stays_as_it_is(estate: Estate, victim: Host) -> None:
    """Nobody could tell that edge to send it nothing."""
    deaf = next(edge for edge in estate.group("edge") if edge.name != victim.name)
    before = running(victim)
    machine = docker.from_env(timeout=60).containers.get(container_of(deaf))
    # From outside, as the host itself lets nobody in any more.
    assert machine.exec_run(["nft", DEAF]).exit_code == 0
    try:
        refused = act(OUT, victim, check=False)
    finally:
        assert machine.exec_run(["nft", "delete", "table", "inet", "deaf"]).exit_code == 0
    assert f"{deaf.name}: expected every edge to answer" in refused.output
    assert f"what this run had begun was put back, {victim.name} is in service" in refused.output
    assert running(victim) == before
    assert not victim.file(OUT_OF_SERVICE).exists
    assert leases(victim, "host_out", "server_drain") == []
    assert drained(estate, victim) == []
