"""How much of this machine a machine of the lab gets to see: what systemd and an engine of its own need, by the control
groups of this machine and by what it may give away."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

# By number, in the order of linux/capability.h
_CAPABILITIES = [
    "CHOWN",
    "DAC_OVERRIDE",
    "DAC_READ_SEARCH",
    "FOWNER",
    "FSETID",
    "KILL",
    "SETGID",
    "SETUID",
    "SETPCAP",
    "LINUX_IMMUTABLE",
    "NET_BIND_SERVICE",
    "NET_BROADCAST",
    "NET_ADMIN",
    "NET_RAW",
    "IPC_LOCK",
    "IPC_OWNER",
    "SYS_MODULE",
    "SYS_RAWIO",
    "SYS_CHROOT",
    "SYS_PTRACE",
    "SYS_PACCT",
    "SYS_ADMIN",
    "SYS_BOOT",
    "SYS_NICE",
    "SYS_RESOURCE",
    "SYS_TIME",
    "SYS_TTY_CONFIG",
    "MKNOD",
    "LEASE",
    "AUDIT_WRITE",
    "AUDIT_CONTROL",
    "SETFCAP",
    "MAC_OVERRIDE",
    "MAC_ADMIN",
    "SYSLOG",
    "WAKE_ALARM",
    "BLOCK_SUSPEND",
    "AUDIT_READ",
    "PERFMON",
    "BPF",
    "CHECKPOINT_RESTORE",
]
# systemd 257 refuses cgroup v1 unless it is told twice
_LEGACY_CGROUP = {
    "SYSTEMD_PROC_CMDLINE": "systemd.unified_cgroup_hierarchy=0 SYSTEMD_CGROUP_ENABLE_LEGACY_FORCE=1",
}
_CGROUP_TREE = "/sys/fs/cgroup:/sys/fs/cgroup:rw"


@dataclass(frozen=True)
class Isolation:
    """What a machine's container is created with: keys of the engine's ``HostConfig``, mounts and environment."""

    host_config: Mapping[str, Any]
    binds: tuple[str, ...]
    environment: Mapping[str, str]


def isolation(info: Mapping[str, Any], lacking: Sequence[str]) -> Isolation:
    """By what the engine says about itself, and the capabilities this machine lacks."""
    unified = str(info.get("CgroupVersion", "1")) == "2"
    environment = {} if unified else _LEGACY_CGROUP
    if unified and not lacking:
        # its own tree, writable since it is privileged
        return Isolation({"Privileged": True, "CgroupnsMode": "private"}, (), environment)
    # A machine that lacks a capability itself cannot give every one of them away, which is what privileged asks for.
    # Without it the engine mounts the tree of control groups read-only, and systemd has to write there: under
    # version 1 there is but one tree anyway.
    confined = {
        "CapAdd": ["ALL"],
        "CapDrop": list(lacking),
        "SecurityOpt": ["seccomp=unconfined", "apparmor=unconfined"],
        "DeviceCgroupRules": ["a *:* rwm"],
        # /proc/sys must be writable: roles set network parameters, engines switch forwarding on
        "MaskedPaths": [],
        "ReadonlyPaths": [],
        "CgroupnsMode": "host",
    }
    return Isolation(confined, (_CGROUP_TREE,), environment)


def lacking(status: str, last: int) -> list[str]:
    """Capabilities outside the bounding set, by /proc/self/status and the number of the last one the kernel knows."""
    bounding = next(int(line.split()[1], 16) for line in status.splitlines() if line.startswith("CapBnd"))
    return [_CAPABILITIES[bit] for bit in range(last + 1) if not bounding >> bit & 1]


def lacking_here() -> list[str]:
    """Capabilities that nothing this machine starts can be given."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return lacking(status, int(Path("/proc/sys/kernel/cap_last_cap").read_text(encoding="ascii")))
