"""Takes the lab away again: its machines alone, or every trace of it. What is the lab's says so itself, by a label."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import docker
from docker.errors import APIError

from tests.lab import bases, cgroups, engine, inventory, machines, paths
from tests.lab.plan import ESTATE
from tests.lab.progress import Progress

# What describes machines that are gone. Keys, secrets and built images stay for the next time.
_OF_MACHINES = (paths.READY, paths.ESTATE_JSON)
# What linters and tests leave in the working tree, at its top and beside every file of Python.
_CACHES = (".ansible", ".hypothesis", ".mypy_cache", ".pytest_cache", ".ruff_cache")
_BESIDE = "__pycache__"


def machines_only(progress: Progress) -> None:
    """Machines, volumes and network go; images and the virtual environment stay."""
    with progress.phase("Down"):
        inventory.close_connections()
        client = engine.used(progress)
        if client is not None:
            machines.down(client, ESTATE, progress)
        for path in _OF_MACHINES:
            path.unlink(missing_ok=True)
        for kept in paths.SECRETS.glob("*/api_key"):
            kept.unlink()
        # Its head was in their etcd, and a copy never grows on another past.
        shutil.rmtree(paths.LEDGER, ignore_errors=True)


def every_trace(progress: Progress) -> None:
    """Machines, images, the engine if the lab started it, and .lab itself. Installed packages stay."""
    machines_only(progress)
    with progress.phase("Every trace"):
        client = engine.connect()
        if client is not None:
            _remove_owned(client, progress)
        engine.stop_ours(progress)
        progress.doing(f"removing {paths.LAB}")
        # This program is not to leave anew what it is about to remove.
        sys.dont_write_bytecode = True
        for directory in (*left_behind(paths.ROOT), paths.LAB):
            if directory.exists():
                shutil.rmtree(directory)


def left_behind(root: Path) -> Iterator[Path]:
    """Yield the directories that tools have left in a working tree; Git's own and the lab's are not looked into."""
    yield from (root / name for name in _CACHES if (root / name).is_dir())
    for where, names, _files in os.walk(root):
        here = Path(where)
        if _BESIDE in names:
            yield here / _BESIDE
        skipped = {_BESIDE, *((".git", paths.LAB.name, *_CACHES) if here == root else ())}
        names[:] = [name for name in names if name not in skipped]


def _remove_owned(client: docker.DockerClient, progress: Progress) -> None:
    owned: dict[str, str | list[str] | bool] = {"label": bases.OWNED}
    for container in client.containers.list(all=True, filters=owned):
        container.remove(force=True, v=True)
    for volume in client.volumes.list(filters=owned):
        volume.remove(force=True)
    for network in client.networks.list(filters=owned):
        network.remove()
    cgroups.sweep(client, bases.OWNED)
    # children before the images they were built from: an image with children refuses to go
    remaining = _owned_images(client)
    while remaining:
        progress.doing(f"removing {len(remaining)} images")
        gone = {image_id for image_id in remaining if _removed(client, image_id)}
        if not gone:
            progress.say(f"  {len(remaining)} images are still used by containers that are not the lab's")
            return
        remaining -= gone


def _owned_images(client: docker.DockerClient) -> set[str]:
    """Images with the lab's label and all that were built upon them: build stages are left without a name or label."""
    found: list[dict[str, Any]] = client.api.images(all=True)
    owned = {image["Id"] for image in found if bases.OWNED in (image["Labels"] or {})}
    while True:
        upon = {image["Id"] for image in found if image["ParentId"] in owned} - owned
        if not upon:
            return owned
        owned |= upon


def _removed(client: docker.DockerClient, image_id: str) -> bool:
    try:
        client.images.remove(image_id, force=True)
    except docker.errors.ImageNotFound:
        return True
    except APIError as error:
        if error.status_code == 409:
            return False
        raise
    return True
