"""A run that is killed inside a mutation leaves something half done; the next run finishes it.

On the host a watcher waits for one exact moment of the container's replacement and kills the module's process
then, so each test begins with the half-done state that it asserts.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import pytest

from tests.estate import site
from tests.estate.traces import leader
from tests.estate.wait import until_whole
from tests.estate.world import Estate, Host

# Runs on the host. Once the intent is recorded the module runs by the millisecond, and between two of them the
# engine is asked whether the moment has come: from removing a container to making the next one is a few of them.
WATCHER = """
import http.client, json, os, signal, socket, sys, time
moment, service, old = sys.argv[1:4]
signal.alarm(120)
os.setpriority(os.PRIO_PROCESS, 0, -20)
def pending():
    try:
        return json.load(open(f"/var/lib/erpops/proven/{service}.json")).get("pending")
    except (OSError, ValueError):
        return ""
def modules():
    # A pipelined module is an interpreter that reads its program from standard input.
    for name in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{name}/cmdline", "rb") as line:
                words = line.read().rstrip(bytes(1)).split(bytes(1))
        except OSError:
            continue
        if len(words) == 1 and words[0].endswith(b"python3"):
            yield int(name)
def tell(what):
    for pid in found:
        os.kill(pid, what)
def reached():
    connection = http.client.HTTPConnection("engine")
    connection.sock = socket.socket(socket.AF_UNIX)
    connection.sock.connect("/var/run/docker.sock")
    connection.request("GET", f"/containers/{service}/json")
    response = connection.getresponse()
    answer = json.loads(response.read())
    if response.status == 404:
        return moment == "removed"
    return moment == "intent" or moment == "started" and answer["Id"] != old and answer["State"]["Running"]
while pending() != "replace":
    time.sleep(0.001)
found = list(modules())
tell(signal.SIGSTOP)
while not reached():
    tell(signal.SIGCONT)
    time.sleep(0.001)
    tell(signal.SIGSTOP)
tell(signal.SIGKILL)
print("killed")
"""


@dataclass(frozen=True)
class Case:
    """A service, the member whose container is replaced, when the run dies, and what asks for the replacement.

    That is a variable of the run, or a file that was edited and read: which is mended without being asked for.
    """

    service: str
    tag: str
    member: Callable[[Estate], Host]
    moment: str
    variables: dict[str, Any] = field(default_factory=dict)
    edited: str = ""


def standby_edge(estate: Estate) -> Host:
    holder = estate.edge_with_address()
    return next(host for host in estate.group("edge") if host.name != holder.name)


def replica(estate: Estate) -> Host:
    led = leader(estate)
    return next(host for host in estate.group("patroni") if host.name != led.name)


CASES = {
    "an edge, when the intent is recorded and the old container is still there": Case(
        "traefik", "traefik", standby_edge, "intent", {"traefik_log_level": "ERROR"}
    ),
    "a replica of PostgreSQL, when the old container is gone and there is no new one": Case(
        "patroni", "patroni", replica, "removed", {"patroni_stop_timeout": 125}
    ),
    "an Odoo node, when the new container runs and was not yet seen healthy": Case(
        "odoo_north_web",
        "odoo",
        lambda estate: estate.group("odoo")[-1],
        "started",
        edited="/etc/erpops/odoo/north/web.conf",
    ),
}


def interrupt(host: Host, case: Case, old: str, arguments: tuple[str, ...]) -> None:
    """Start a run and kill it, module and playbook, at the moment."""
    with ThreadPoolExecutor() as pool:
        killed = pool.submit(host.check_output, "python3 -c %s %s %s %s", WATCHER, case.moment, case.service, old)
        run = subprocess.Popen(
            site.command(*arguments),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        try:
            assert killed.result() == "killed"
        finally:
            os.killpg(run.pid, signal.SIGKILL)
            run.wait(timeout=10)


def record(host: Host, service: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(host.file(f"/var/lib/erpops/proven/{service}.json").content_string)
    return found


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_the_next_run_finishes(estate: Estate, case: Case) -> None:
    until_whole(estate)
    host = case.member(estate)
    arguments = ("--tags", case.tag, "--limit", host.name, "-e", json.dumps(case.variables))
    if case.edited:
        host.check_output("echo '# edited' >> %s; docker restart %s", case.edited, case.service)
    old = host.docker(case.service).id
    interrupt(host, case, old, arguments)

    half_done, found = record(host, case.service), host.containers().get(case.service)
    assert (half_done["pending"], half_done["container"]) == ("replace", old)
    if case.moment == "intent":
        assert found is not None
        assert found["Id"] == old
    elif case.moment == "removed":
        assert found is None
    else:
        assert found is not None
        assert found["Id"] != old

    run = site.run(*arguments)
    assert {name for name, _task in run.tasks} == {host.name}
    healed = host.docker(case.service)
    assert healed.is_running
    assert healed.id != old
    assert not case.edited or "# edited" not in host.file(case.edited).content_string
    assert (record(host, case.service)["pending"], record(host, case.service)["container"]) == ("", healed.id)


def test_the_estate_is_as_before(estate: Estate) -> None:
    tags = ("--tags", ",".join(case.tag for case in CASES.values() if case.variables))
    assert site.run(*tags).tasks
    until_whole(estate)
    assert site.run(*tags).tasks == ()
