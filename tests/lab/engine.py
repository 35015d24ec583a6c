"""Sees to a Docker engine: uses a running one, installs and starts one where there is none, and stops what it started.

What it started is known without ``.lab``, which somebody may have deleted: a process by its own command line, units by
a note that lasts as long as they do, until the machine boots again.
"""

from __future__ import annotations

import fcntl
import json
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import docker
from docker.errors import DockerException

from tests.lab import cgroups, packages, paths
from tests.lab.errors import LabError
from tests.lab.progress import Progress

_LOG = paths.ENGINE / "dockerd.log"
_PID_FILE = paths.ENGINE / "dockerd.pid"
# An engine has answered: what the lab made lies in its data, whether it runs or not.
_USED = paths.ENGINE / "used"
_COMMAND = ("dockerd", "--pidfile", str(_PID_FILE))
_PROC = Path("/proc")
_SYSTEMD = Path("/run/systemd/system")
_NOTE = Path("/run/erpops-lab-engine.json")
# The socket first, or it would start the service again.
_UNITS = ("docker.socket", "docker.service", "containerd.service")
_START_TIMEOUT = 60
_STOP_TIMEOUT = 60
_PACKAGES = {"dockerd": "docker.io", "iptables": "iptables"}


class NoEngine(LabError):
    """There is no Docker engine and none could be started."""


def connect() -> docker.DockerClient | None:
    """The engine that runs now, or None."""
    try:
        client = docker.from_env(timeout=600)
        client.ping()
    except DockerException:
        return None
    return client


def ensure(progress: Progress) -> docker.DockerClient:
    """The running engine; where there is none, one is installed and started."""
    # Of two at once the second would take away the first one's socket.
    with _alone():
        client = connect() or _start(progress)
        _USED.touch()
        return client


def used(progress: Progress) -> docker.DockerClient | None:
    """The engine that has what the lab made, started where it does not run; None where the lab never had one."""
    client = connect()
    if client is not None or not _USED.exists():
        return client
    try:
        return ensure(progress)
    except LabError as error:
        raise NoEngine(
            f"{error}\nThe lab's machines and images lie in the data of an engine that does not answer, so nothing was "
            f"removed. Start it and try again; where it is gone for good, remove {paths.LAB} by hand."
        ) from error


def stop_ours(progress: Progress) -> None:
    """Stop the engine if, and only if, the lab started it and nobody else runs containers in it."""
    units = json.loads(_NOTE.read_text(encoding="ascii")) if _NOTE.exists() else []
    pid = process()
    if not units and pid is None:
        return
    client = connect()
    others = client.containers.list() if client is not None else []
    if others:
        named = ", ".join(str(container.name) for container in others)
        progress.say(f"  the Docker engine goes on: {named} run in it, which are not the lab's")
        return
    progress.doing("stopping the Docker engine")
    if pid is not None:
        os.kill(pid, signal.SIGTERM)
        deadline = time.monotonic() + _STOP_TIMEOUT
        while process() == pid and time.monotonic() < deadline:
            time.sleep(0.2)
    if units:
        progress.run(["systemctl", "stop", *units], log="engine")
        _NOTE.unlink()
    progress.say("  stopped the Docker engine the lab had started")


def process(proc: Path | None = None) -> int | None:
    """The engine that the lab of this checkout started by hand, by its command line."""
    for file in (proc or _PROC).glob("[0-9]*/cmdline"):
        try:
            words = file.read_text(encoding="utf-8", errors="replace").rstrip("\0").split("\0")
        except OSError:
            continue  # it has just ended
        if (Path(words[0]).name, *words[1:]) == _COMMAND:
            return int(file.parent.name)
    return None


@contextmanager
def _alone() -> Iterator[None]:
    paths.private_directory(paths.ENGINE)
    with (paths.ENGINE / "lock").open("w", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _start(progress: Progress) -> docker.DockerClient:
    if _SYSTEMD.is_dir():
        _start_units(progress)
    else:
        packages.ensure(_PACKAGES, progress)
        progress.doing("starting the Docker engine")
        try:
            cgroups.share_out()
        except OSError as error:
            progress.say(
                f"Control groups of this machine cannot be shared out, so limits of containers may not hold: {error}"
            )
        _start_process()
    return _wait()


def _start_process() -> None:
    _PID_FILE.unlink(missing_ok=True)
    with _LOG.open("ab") as log:
        subprocess.Popen(  # it outlives this command on purpose; stop_ours() ends it
            _COMMAND, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT, start_new_session=True
        )


def _start_units(progress: Progress) -> None:
    """Installing the packages starts them already, so what was idle is noted before."""
    idle = [unit for unit in _UNITS if not _active(unit)]
    packages.ensure(_PACKAGES, progress)
    progress.doing("starting the Docker engine")
    if os.geteuid() != 0:
        raise NoEngine("No Docker engine answers. Start it (systemctl start docker), or run as root.")
    if not _NOTE.exists():  # else an interrupted run has noted it
        paths.write(_NOTE, json.dumps(idle))
    progress.run(["systemctl", "start", "docker.service"], log="engine")


def _active(unit: str) -> bool:
    return subprocess.run(["systemctl", "is-active", "--quiet", unit], check=False).returncode == 0


def _wait() -> docker.DockerClient:
    deadline = time.monotonic() + _START_TIMEOUT
    while time.monotonic() < deadline:
        client = connect()
        if client is not None:
            return client
        time.sleep(0.3)
    where = "journalctl --unit docker" if _SYSTEMD.is_dir() else str(_LOG)
    raise NoEngine(f"The Docker engine did not answer within {_START_TIMEOUT} s. Its log: {where}")
