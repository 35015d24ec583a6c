"""Rolling work: one host after the other, leaders last, and nobody after the first that fails."""

from __future__ import annotations

import json

from tests.estate import site, traces
from tests.estate.daemons import Patroni, Watch
from tests.estate.traces import redis_master
from tests.estate.untouched import untouched
from tests.estate.wait import until_whole
from tests.estate.world import Estate, Host, Instance
from tests.load.load import Load

RESTART = "erpops.estate.rolling_restart"
GATE = "erpops.estate.rolling_gate"


def started(estate: Estate, name: str) -> dict[str, str]:
    """Return when the container of this name was started, by host."""
    found = {host.name: host.containers().get(name) for host in estate.hosts}
    return {host: container["State"]["StartedAt"] for host, container in found.items() if container}


def main_process(host: Host, unit: str) -> str:
    """Return the number of a unit's first process."""
    return str(host.check_output("systemctl show --property MainPID --value %s", unit))


def variables(**given: object) -> tuple[str, str]:
    return "-e", json.dumps(given)


def test_each_service_restarts_host_by_host_its_leader_last_while_people_work(estate: Estate, north: Instance) -> None:
    until_whole(estate)
    leaders = {"patroni": traces.leader(estate).name, "redis": redis_master(estate).name}
    services = [*leaders, "sentinel"]
    odoo = {name for host in estate.group("odoo") for name in host.containers() if name.startswith("odoo_")}
    earlier = {name: started(estate, name) for name in (*services, *odoo)}
    with Load(estate, north) as load, Watch(estate) as watch:
        site.run(*variables(restart_services=services), playbook=RESTART)
    watch.never_two()
    result = load.result()
    print(result.summary())
    later = {name: started(estate, name) for name in earlier}
    for name in services:
        assert set(later[name]) == set(earlier[name])
        assert not earlier[name].items() & later[name].items(), f"a {name} was not restarted"
    assert {name: max(later[name], key=lambda host: later[name][host]) for name in leaders} == leaders
    # Who is inside a request waits for the next leader and is run again; only what dies in its COMMIT would be unknown.
    assert not result.faults, result.summary()
    assert not result.fates.get("unknown"), result.summary()
    assert {name: later[name] for name in odoo} == {name: earlier[name] for name in odoo}, "a process of Odoo ended"
    until_whole(estate)


def test_what_serves_people_restarts_node_by_node_and_none_of_them_notices(estate: Estate, north: Instance) -> None:
    """Odoo is drained before, the address leaves before its edge does, and etcd's members take turns."""
    until_whole(estate)
    services = ["odoo_north_web", "traefik", "etcd"]
    earlier = {name: started(estate, name) for name in services}
    daemons = {host.name: main_process(host, "keepalived") for host in estate.group("edge")}
    with Load(estate, north) as load, Watch(estate) as watch:
        site.run(*variables(restart_services=[*services, "keepalived"]), playbook=RESTART)
    watch.never_two()
    result = load.result()
    print(result.summary())
    for name in services:
        assert not earlier[name].items() & started(estate, name).items(), f"a {name} was not restarted"
    anew = {host.name: main_process(host, "keepalived") for host in estate.group("edge")}
    assert not daemons.items() & anew.items(), "a keepalived was not restarted"
    assert not result.faults, result.summary()
    assert not result.fates.get("unknown"), result.summary()
    until_whole(estate)


def test_a_service_that_nobody_has_is_refused_before_anything_is_touched(estate: Estate) -> None:
    earlier = started(estate, "traefik")
    run = site.run(*variables(restart_services=["traefik", "traefic"]), check=False, playbook=RESTART)
    assert run.status != 0
    assert "found traefic; there are" in run.output
    assert started(estate, "traefik") == earlier


def test_a_dry_run_says_what_would_be_done_and_touches_nothing(estate: Estate) -> None:
    until_whole(estate)
    members = {host.name for host in estate.group("redis")}
    victim = estate.group("odoo")[0].name
    with untouched(estate):
        restart = site.run("--check", *variables(restart_services=["redis"]), playbook=RESTART)
        moved = site.run("--check", "--diff", playbook="erpops.estate.switchover")
        back = site.run("--check", *variables(out_host=victim), playbook="erpops.estate.host_in")
    assert {host for host, _task in restart.tasks} == members
    said = [result["actions"] for _host, _task, result in restart.results if result.get("changed")]
    # Who leads is the last.
    assert said == [["restarted redis"]] * (len(members) - 1) + [["handed over what redis leads", "restarted redis"]]
    leaders = [result["diff"] for _host, _task, result in moved.results if result.get("changed")]
    assert len(leaders) == 1
    assert leaders[0]["before"] != leaders[0]["after"]
    assert back.tasks == ()


def test_nobody_is_touched_after_the_first_that_fails(estate: Estate) -> None:
    edges = [host.name for host in estate.group("edge")]
    earlier = started(estate, "traefik")
    images = site.module(edges[0], "ansible.builtin.debug", {"var": "estate_images"})[edges[0]]["estate_images"]
    nowhere = {**images, "traefik": images["traefik"].partition("@")[0] + "@sha256:" + "0" * 64}
    run = site.run("--tags", "traefik", *variables(estate_images=nowhere), check=False)
    assert run.status != 0
    failed = [edge for edge in edges if f"{edge}: " in run.output]
    assert len(failed) == 1, run.output
    assert started(estate, "traefik") == earlier


def test_a_gate_says_why_a_member_may_not_leave_and_opens_when_it_may(estate: Estate) -> None:
    """The store remembers a replica that stands still as one that streams; the gate asks the replica itself."""
    until_whole(estate)
    leading = Patroni(estate).leader()
    replicas = [host for host in estate.group("patroni") if host.name != leading]
    asked = {"services": ["patroni"], "phase": "before", "timeout": 0}
    replicas[0].check_output("docker pause patroni")
    try:
        refused = site.module(replicas[1].name, GATE, {**asked, "timeout": 2})[replicas[1].name]
    finally:
        replicas[0].check_output("docker unpause patroni")
    assert (refused["failed"], refused["error"]) == (True, "refused")
    assert replicas[0].name in "; ".join(refused["verdicts"]["patroni"]["reasons"])
    until_whole(estate)
    assert not site.module(replicas[1].name, GATE, asked)[replicas[1].name]["failed"]
