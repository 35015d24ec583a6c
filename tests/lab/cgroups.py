"""The machine's own control groups: shared out before an engine is started, swept up after machines have gone."""

from __future__ import annotations

import os
import re
from contextlib import suppress
from pathlib import Path

import docker

_ROOT = Path("/sys/fs/cgroup")
_CONTAINER_ID = re.compile(r"^[0-9a-f]{64}$")


def share_out(root: Path = _ROOT) -> None:
    """Let groups of the engine have limits, where nobody has: a machine that is a container has no systemd that did.

    Under cgroup v2 a group that holds processes cannot hand its controllers on, unless it is the system's first; so
    they move to one beside. Without that the engine starts containers with no limit of memory, and says nothing.
    """
    controllers, enabled = root / "cgroup.controllers", root / "cgroup.subtree_control"
    if not controllers.exists():
        return
    missing = sorted(set(controllers.read_text().split()) - set(enabled.read_text().split()))
    if "memory" not in missing:
        return
    words = " ".join(f"+{name}" for name in missing)
    try:
        enabled.write_text(words)
    except OSError:
        beside = root / "init"
        beside.mkdir(exist_ok=True)
        for process in (root / "cgroup.procs").read_text().split():
            with suppress(OSError):  # it has ended, or is the kernel's
                (beside / "cgroup.procs").write_text(process)
        enabled.write_text(words)


def sweep(client: docker.DockerClient, owned: str) -> int:
    """Remove groups of containers this engine does not know and in which nothing runs; how many there were.

    Under cgroup v1 the machines share the tree of the machine they run on, and what their engines made outlives them.
    While other machines with the label ``owned`` stand, nothing is touched: their engines use the same tree.
    """
    if (_ROOT / "cgroup.controllers").exists() or os.geteuid() != 0:
        return 0
    if client.containers.list(all=True, filters={"label": owned}, ignore_removed=True):
        return 0
    known = {container.id for container in client.containers.list(all=True, ignore_removed=True)}
    left = [
        group
        for group in _ROOT.glob("*/docker/*")
        if group.is_dir() and _CONTAINER_ID.match(group.name) and group.name not in known
    ]
    return sum(_remove(group) for group in left)


def _remove(group: Path) -> bool:
    if any(procs.read_text(encoding="ascii").strip() for procs in group.rglob("cgroup.procs")):
        return False
    try:
        for child in sorted(group.rglob("*"), key=lambda path: -len(path.parts)):
            if child.is_dir():
                child.rmdir()
        group.rmdir()
    except OSError:
        return False  # something came to run in it: it is not one of ours
    return True
