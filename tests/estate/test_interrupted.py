"""A run that is killed inside a mutation leaves something half done; the next run finishes it.

On the host a watcher waits for one exact moment of the container's replacement and kills the module's process
then, so each test begins with the half-done state that it asserts.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import tempfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.estate import site
from tests.estate.traces import leader
from tests.estate.wait import until_whole
from tests.estate.world import Estate, Host

# Runs on the host. Finds the module once its intent is recorded, waits for the moment, kills it.
WATCHER = """
import http.client, json, os, signal, socket, sys, time
moment, service, old = sys.argv[1:4]
def pending():
    try:
        return json.load(open(f"/var/lib/erpops/proven/{service}.json")).get("pending")
    except (OSError, ValueError):
        return ""
def container():
    connection = http.client.HTTPConnection("engine")
    connection.sock = socket.socket(socket.AF_UNIX)
    connection.sock.connect("/var/run/docker.sock")
    connection.request("GET", f"/containers/{service}/json")
    response = connection.getresponse()
    found = json.loads(response.read())
    return ("", False) if response.status != 200 else (found["Id"], found["State"]["Running"])
def reached():
    identity, running = container()
    if moment == "intent":
        return identity == old
    return identity == "" if moment == "removed" else identity not in ("", old) and running
def modules():
    # A pipelined module is an interpreter that reads its program from standard input.
    for name in os.listdir("/proc"):
        try:
            with open(f"/proc/{name}/cmdline", "rb") as line:
                words = line.read().rstrip(bytes(1)).split(bytes(1))
        except OSError:
            continue
        if len(words) == 1 and words[0].endswith(b"python3"):
            yield int(name)
def wait(condition):
    end = time.monotonic() + 120
    while not condition():
        if time.monotonic() > end:
            sys.exit(f"not reached within 120 s: {moment} of {service}")
        time.sleep(0.001)
wait(lambda: pending() == "replace")
found = list(modules())
wait(reached)
for pid in found:
    os.kill(pid, signal.SIGKILL)
print("killed")
"""


@dataclass(frozen=True)
class Case:
    """A service, the member whose container is replaced, the change that asks for it and when the run dies."""

    service: str
    tag: str
    member: Callable[[Estate], Host]
    change: dict[str, Any]
    moment: str


def standby_edge(estate: Estate) -> Host:
    holder = estate.edge_with_address()
    return next(host for host in estate.group("edge") if host.name != holder.name)


def replica(estate: Estate) -> Host:
    led = leader(estate)
    return next(host for host in estate.group("patroni") if host.name != led.name)


CASES = {
    "an edge, when the intent is recorded and the old container is still there": Case(
        "traefik", "traefik", standby_edge, {"traefik_log_level": "ERROR"}, "intent"
    ),
    "a replica of PostgreSQL, when the old container is gone and there is no new one": Case(
        "patroni", "patroni", replica, {"patroni_stop_timeout": 125}, "removed"
    ),
    "an Odoo node, when the new container runs and was not yet seen healthy": Case(
        "odoo_north_web",
        "odoo",
        lambda estate: estate.group("odoo")[-1],
        {"odoo_limit_time_real": {"web": 125, "cron": 600, "jobs": 600}},
        "started",
    ),
}


def interrupt(host: Host, case: Case, old: str, arguments: tuple[str, ...]) -> None:
    """Start a run and kill it, module and playbook, at the moment."""
    with tempfile.TemporaryDirectory() as directory, ThreadPoolExecutor() as pool:
        killed = pool.submit(host.check_output, "python3 -c %s %s %s %s", WATCHER, case.moment, case.service, old)
        run = subprocess.Popen(
            site.command(*arguments),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env=site.environment(Path(directory) / "log"),
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
    arguments = ("--tags", case.tag, "--limit", host.name, "-e", json.dumps(case.change))
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
    assert (record(host, case.service)["pending"], record(host, case.service)["container"]) == ("", healed.id)


def test_the_estate_is_as_before(estate: Estate) -> None:
    tags = ("--tags", ",".join(case.tag for case in CASES.values()))
    assert site.run(*tags).tasks
    until_whole(estate)
    assert site.run(*tags).tasks == ()
