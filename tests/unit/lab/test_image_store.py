"""Which engines the lab builds with, by what engines of several versions say about themselves."""

from __future__ import annotations

from typing import Any

import pytest

from tests.lab import paths
from tests.lab.image_store import objection

# What decides in the answer to `docker info`: the store of graph drivers, as Debian 12 and 13 have it and as an upgrade
# to 29 keeps it; a driver with nothing to say; and containerd's store, of Docker Desktop and of a fresh 29.
OVERLAY = [
    ["Backing Filesystem", "extfs"],
    ["Supports d_type", "true"],
    ["Using metacopy", "false"],
    ["Native Overlay Diff", "true"],
    ["userxattr", "false"],
]
BOOKWORM = {"ServerVersion": "20.10.24+dfsg1", "Driver": "overlay2", "DriverStatus": OVERLAY}
TRIXIE = {"ServerVersion": "26.1.5+dfsg1", "Driver": "overlay2", "DriverStatus": OVERLAY}
UPGRADED = {"ServerVersion": "29.1.3", "Driver": "overlay2", "DriverStatus": OVERLAY}
PLAIN = {"ServerVersion": "26.1.5+dfsg1", "Driver": "vfs", "DriverStatus": None}
CONTAINERD = [["driver-type", "io.containerd.snapshotter.v1"]]
DESKTOP = {"ServerVersion": "24.0.6", "Driver": "stargz", "DriverStatus": CONTAINERD}
FRESH = {"ServerVersion": "29.1.3", "Driver": "overlayfs", "DriverStatus": CONTAINERD}


@pytest.mark.parametrize("info", [BOOKWORM, TRIXIE, UPGRADED, PLAIN, {"ServerVersion": "19.03.15"}])
def test_a_store_of_layers_as_they_are_is_used(info: dict[str, Any]) -> None:
    assert objection(info) == ""


@pytest.mark.parametrize("info", [DESKTOP, FRESH])
def test_containerd_s_store_is_refused_with_what_to_do(info: dict[str, Any]) -> None:
    said = objection(info)
    assert said.startswith(f"Docker engine {info['ServerVersion']}: expected ")
    assert f"containerd's ({info['Driver']})" in said
    assert '"features": {"containerd-snapshotter": false}' in said


def test_nobody_uses_an_engine_without_having_asked_for_its_store() -> None:
    lab = paths.ROOT / "tests" / "lab"
    asking = [path.name for path in lab.glob("*.py") if "engine.ensure(" in path.read_text(encoding="utf-8")]
    assert asking == ["image_store.py"]
