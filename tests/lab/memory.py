"""How much memory the lab takes: proportional set sizes, so that what processes share is counted once."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path

import docker

from tests.lab.plan import Lab

_PROC = Path("/proc")


def pss_by_machine(client: docker.DockerClient, lab: Lab) -> dict[str, float]:
    """MiB per machine, everything that runs on it included. Needs root."""
    children = _children()
    sizes = {}
    for machine in lab.machines:
        init = int(client.containers.get(lab.container(machine)).attrs["State"]["Pid"])
        sizes[machine.name] = round(sum(_pss_kib(pid) for pid in _family(init, children)) / 1024, 1)
    return sizes


def _children() -> dict[int, list[int]]:
    children: dict[int, list[int]] = defaultdict(list)
    for entry in _PROC.iterdir():
        if not entry.name.isdigit():
            continue
        try:
            fields = (entry / "stat").read_text(encoding="utf-8").rpartition(")")[2].split()
        except OSError:
            continue  # it ended while we looked
        children[int(fields[1])].append(int(entry.name))
    return children


def _family(pid: int, children: dict[int, list[int]]) -> list[int]:
    """The process and all that descend from it. Containers inside a machine hang below its init, too."""
    return [pid, *(each for child in children.get(pid, []) for each in _family(child, children))]


def _pss_kib(pid: int) -> int:
    try:
        lines = (_PROC / str(pid) / "smaps_rollup").read_text(encoding="ascii").splitlines()
    except OSError:
        return 0  # it ended, or is a kernel thread
    return next((int(line.split()[1]) for line in lines if line.startswith("Pss:")), 0)
