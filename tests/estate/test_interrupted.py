"""A run that is killed inside a mutation leaves something half done; the next run finishes it.

On the host a watcher waits for one exact moment of the edge's replacement and kills the module's process then,
so each test begins with the half-done state that it asserts.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import tempfile
from pathlib import Path
from typing import Any

import pytest

from tests.estate import site
from tests.estate.wait import until_healthy
from tests.estate.world import Estate, Host

STATIC = "/etc/erpops/traefik/traefik.yml"
RECORD = "/var/lib/erpops/proven/traefik.json"

# Runs on the host. Polls for the moment, kills whatever module of the collection runs, prints the pid.
WATCHER = """
import json, os, signal, subprocess, sys, time
moment, old, record = sys.argv[1:4]
def pending():
    try:
        return json.load(open(record)).get("pending")
    except (OSError, ValueError):
        return ""
def engine(path):
    import http.client, socket
    connection = http.client.HTTPConnection("engine")
    connection.sock = socket.socket(socket.AF_UNIX)
    connection.sock.connect("/var/run/docker.sock")
    connection.request("GET", path)
    response = connection.getresponse()
    return response.status, json.loads(response.read())
def container():
    status, found = engine("/containers/traefik/json")
    return ("", False) if status != 200 else (found["Id"], found["State"]["Running"])
def reached():
    if pending() != "replace":
        return False
    if moment == "intent":
        return True
    identity, running = container()
    if moment == "removed":
        return not running
    return identity not in ("", old) and running
def modules():
    for name in os.listdir("/proc"):
        if name.isdigit() and int(name) != os.getpid():
            try:
                with open(f"/proc/{name}/cmdline", "rb") as line:
                    words = line.read().rstrip(bytes(1)).split(bytes(1))
            except OSError:
                continue
            # A pipelined module is an interpreter that reads its program from standard input.
            if any(b"AnsiballZ" in word for word in words) or (len(words) == 1 and words[0].endswith(b"python3")):
                yield int(name)
print("ready", flush=True)
end = time.monotonic() + 120
while time.monotonic() < end:
    if reached():
        for pid in list(modules()):
            os.kill(pid, signal.SIGKILL)
        print("killed", flush=True)
        sys.exit(0)
    time.sleep(0.002)
sys.exit(1)
"""


def interrupt(estate: Estate, host: Host, moment: str, *change: str) -> None:
    """Start a run that replaces the edge of the host and kill it, module and playbook, at the moment."""
    old = host.containers()["traefik"]["Id"]
    command = [*host.ssh, "sudo", "python3", "-c", "'" + WATCHER.replace("'", "'\\''") + "'", moment, old, RECORD]
    watcher = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert watcher.stdout is not None
    assert watcher.stdout.readline().strip() == "ready"
    with tempfile.TemporaryDirectory() as directory:
        run = subprocess.Popen(
            site.command("--tags", "traefik", *change),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env=site.environment(Path(directory) / "log"),
            start_new_session=True,
        )
        try:
            assert watcher.stdout.readline().strip() == "killed", f"expected the run to reach '{moment}'"
            watcher.wait(timeout=10)
        finally:
            os.killpg(run.pid, signal.SIGKILL)
            run.wait(timeout=10)
    assert estate.edge_with_address().name != host.name


def record(host: Host) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(host.read(RECORD))
    return found


@pytest.fixture
def standby(estate: Estate) -> Host:
    """The edge without the virtual address: it is replaced first."""
    until_healthy(estate, "traefik")
    holder = estate.edge_with_address()
    return next(host for host in estate.group("edge") if host.name != holder.name)


@pytest.mark.parametrize(
    ("moment", "level"),
    [
        pytest.param("intent", "WARN", id="when the intent is recorded and the old container still runs"),
        pytest.param("removed", "ERROR", id="when the old container is stopped and the new one does not run"),
        pytest.param("started", "WARN", id="when the new container runs and was not yet seen healthy"),
    ],
)
def test_the_next_run_finishes(estate: Estate, standby: Host, moment: str, level: str) -> None:
    change = ("-e", f"traefik_log_level={level}")
    old = standby.containers()["traefik"]
    interrupt(estate, standby, moment, *change)

    half_done = record(standby)
    assert half_done["pending"] == "replace"
    assert half_done["container"] == old["Id"]
    found = standby.containers().get("traefik")
    if moment == "intent":
        assert found is not None
        assert found["Id"] == old["Id"]
    elif moment == "removed":
        assert found is None or not found["State"]["Running"]
    else:
        assert found is not None
        assert found["Id"] != old["Id"]

    run = site.run("--tags", "traefik", *change)
    assert any(host == standby.name for host, _task in run.tasks)
    healed = standby.containers()["traefik"]
    assert healed["State"]["Running"]
    assert f"level: {level}" in standby.read(STATIC)
    assert (record(standby)["pending"], record(standby)["container"]) == ("", healed["Id"])
    assert site.run("--tags", "traefik", *change).tasks == ()


def test_the_estate_is_as_before(estate: Estate) -> None:
    site.run("--tags", "traefik")
    until_healthy(estate, "traefik")
    assert site.run("--tags", "traefik").tasks == ()
