"""Whether the lab can build with an engine: it pushes layers as the engine keeps them, some compressed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import docker

from tests.lab import engine
from tests.lab.errors import LabError
from tests.lab.progress import Progress

_CONTAINERD = ["driver-type", "io.containerd.snapshotter.v1"]


class Unsupported(LabError):
    """The engine keeps images in a way that the lab cannot push them from."""


def engine_to_use(progress: Progress) -> docker.DockerClient:
    """The engine for images and machines. What removes them takes any: it pushes nothing."""
    client = engine.ensure(progress)
    found = objection(client.info())
    if found:
        raise Unsupported(found)
    return client


def objection(info: Mapping[str, Any]) -> str:
    """What keeps the lab from using an engine, by what it says about itself; empty where nothing does."""
    if _CONTAINERD not in (info.get("DriverStatus") or []):
        return ""
    return (
        f"Docker engine {info.get('ServerVersion')}: expected an image store that keeps layers uncompressed, found "
        f"containerd's ({info.get('Driver')}), which fresh installations since 29 have and the lab cannot push from. "
        'Add "features": {"containerd-snapshotter": false} to its daemon.json (/etc/docker/daemon.json) and restart '
        "it: images and containers that it has now are not lost, but hidden until that is taken back. Or name another "
        "engine in DOCKER_HOST. Nothing was built."
    )
