"""With the estate up, raising the lab again looks and leaves."""

from __future__ import annotations

import subprocess
import sys
import time
from typing import Any

import docker
import pytest

from tests.lab import bases, images, machines, paths
from tests.lab.plan import ESTATE

# Scenarios of Molecule have labs of their own beside it, and images that nobody else boots from.
OURS: dict[str, Any] = {"label": f"{bases.OWNED}={ESTATE.name}"}
IMAGES: dict[str, Any] = {"label": bases.OWNED}


@pytest.fixture
def engine() -> docker.DockerClient:
    """The engine of this machine, in which the lab's machines are containers."""
    return docker.from_env(timeout=60)


def seen(engine: docker.DockerClient) -> dict[str, Any]:
    """Return what there is of the lab: machines, since when they run, networks, volumes, images and their digests."""
    containers = {
        entry.name: (entry.id, entry.attrs["State"]["StartedAt"]) for entry in engine.containers.list(filters=OURS)
    }
    return {
        "machines": {name: containers[name] for name in map(ESTATE.container, ESTATE.machines)},
        "networks": sorted(str(entry.id) for entry in engine.networks.list(filters=OURS)),
        "volumes": sorted(str(entry.id) for entry in engine.volumes.list(filters=OURS)),
        "images": {tag: entry.id for entry in engine.images.list(filters=IMAGES) for tag in entry.tags},
        "digests": images.VARIABLES.read_text(encoding="utf-8"),
        "status": machines.status(engine, ESTATE),
    }


def test_nothing_is_built_or_made_anew(engine: docker.DockerClient) -> None:
    before, start = seen(engine), time.monotonic()
    command = [sys.executable, "-m", "tests.lab", "up"]
    done = subprocess.run(command, cwd=paths.ROOT, capture_output=True, text=True, check=False, timeout=120)
    took = time.monotonic() - start
    assert done.returncode == 0, done.stdout + done.stderr
    after = seen(engine)
    assert before.pop("images").items() <= after.pop("images").items()
    assert after == before
    # Nobody is told of anything but the phases; half a minute is what a busy machine needs to look.
    assert {line[0] for line in done.stdout.splitlines()} == {"•", "✓"}, done.stdout
    assert took < 30, done.stdout
