"""Sees to a Docker engine: uses a running one, installs and starts one where there is none."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from pathlib import Path

import docker
from docker.errors import DockerException

from tests.lab import packages, paths
from tests.lab.errors import LabError
from tests.lab.progress import Progress

_RECORD = paths.ENGINE / "dockerd.json"
_LOG = paths.ENGINE / "dockerd.log"
_PID_FILE = paths.ENGINE / "dockerd.pid"
_START_TIMEOUT = 60
# By number, in the order of linux/capability.h
# fmt: off
_CAPABILITIES = [
    "CHOWN", "DAC_OVERRIDE", "DAC_READ_SEARCH", "FOWNER", "FSETID", "KILL", "SETGID", "SETUID", "SETPCAP",
    "LINUX_IMMUTABLE", "NET_BIND_SERVICE", "NET_BROADCAST", "NET_ADMIN", "NET_RAW", "IPC_LOCK", "IPC_OWNER",
    "SYS_MODULE", "SYS_RAWIO", "SYS_CHROOT", "SYS_PTRACE", "SYS_PACCT", "SYS_ADMIN", "SYS_BOOT", "SYS_NICE",
    "SYS_RESOURCE", "SYS_TIME", "SYS_TTY_CONFIG", "MKNOD", "LEASE", "AUDIT_WRITE", "AUDIT_CONTROL", "SETFCAP",
    "MAC_OVERRIDE", "MAC_ADMIN", "SYSLOG", "WAKE_ALARM", "BLOCK_SUSPEND", "AUDIT_READ", "PERFMON", "BPF",
    "CHECKPOINT_RESTORE",
]
# fmt: on
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
    client = connect()
    if client is not None:
        return client
    packages.ensure(_PACKAGES, progress)
    progress.doing("starting the Docker engine")
    if Path("/run/systemd/system").is_dir():
        progress.run(["systemctl", "start", "docker"], log="engine")
    else:
        _start()
    return _wait()


def stop_ours() -> bool:
    """Stop the engine if, and only if, the lab started it by hand. True when it did."""
    if not _RECORD.exists():
        return False
    record: dict[str, int | str] = json.loads(_RECORD.read_text(encoding="utf-8"))
    pid = int(record["pid"])
    ours = _started_at(pid) == record["started"]
    if ours:
        os.kill(pid, signal.SIGTERM)
        deadline = time.monotonic() + 60
        while _started_at(pid) == record["started"] and time.monotonic() < deadline:
            time.sleep(0.2)
    _RECORD.unlink()
    return ours


def cgroup_version(client: docker.DockerClient) -> int:
    """1 or 2, as the engine sees it."""
    return int(client.info().get("CgroupVersion", "1"))


def missing_capabilities() -> list[str]:
    """Capabilities outside this machine's bounding set, which nothing it starts can be given."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    bounding = next(int(line.split()[1], 16) for line in status.splitlines() if line.startswith("CapBnd"))
    last = int(Path("/proc/sys/kernel/cap_last_cap").read_text(encoding="ascii"))
    return [_CAPABILITIES[bit] for bit in range(last + 1) if not bounding >> bit & 1]


def _start() -> None:
    paths.private_directory(paths.ENGINE)
    _PID_FILE.unlink(missing_ok=True)
    with _LOG.open("ab") as log:
        process = subprocess.Popen(  # it outlives this command on purpose; stop_ours() ends it
            ["dockerd", "--pidfile", str(_PID_FILE)],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    record = {"pid": process.pid, "started": _started_at(process.pid)}
    paths.write(_RECORD, json.dumps(record) + "\n")


def _wait() -> docker.DockerClient:
    deadline = time.monotonic() + _START_TIMEOUT
    while time.monotonic() < deadline:
        client = connect()
        if client is not None:
            return client
        time.sleep(0.3)
    raise NoEngine(f"The Docker engine did not answer within {_START_TIMEOUT} s. Its log: {_LOG}")


def _started_at(pid: int) -> str | None:
    """When a process started, in clock ticks since boot: a pid alone may belong to somebody else by now."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8")
    except OSError:
        return None
    fields = stat.rpartition(")")[2].split()
    return None if fields[0] == "Z" else fields[19]
