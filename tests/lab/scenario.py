"""Machines for one Molecule scenario: ``python -m tests.lab.scenario up etcd``.

Its ``molecule.yml`` lists them as platforms (name, groups, release, bare, images). They stand on a network of their
own, beside the estate's, and are described by an inventory under ``.lab/molecule``.
"""

from __future__ import annotations

import argparse
import sys
import zlib
from pathlib import Path
from typing import Any

import docker
import yaml

from tests.lab import build, engine, image_store, images, inventory, machines, paths
from tests.lab.errors import LabError
from tests.lab.plan import Lab, Machine
from tests.lab.progress import Progress

SCENARIOS = paths.ROOT / "extensions" / "molecule"
_FIRST_OCTET = 11


def platforms(name: str) -> list[dict[str, Any]]:
    """What the scenario's own file lists."""
    text = (SCENARIOS / name / "molecule.yml").read_text(encoding="utf-8")
    listed: list[dict[str, Any]] = yaml.safe_load(text)["platforms"]
    return listed


def plan(name: str, listed: list[dict[str, Any]]) -> Lab:
    """The machines of a scenario as a lab of their own."""
    third_octet = 100 + zlib.crc32(name.encode()) % 100
    wanted = tuple(
        Machine(
            str(platform["name"]),
            _FIRST_OCTET + position,
            tuple(platform.get("groups", [])),
            release=str(platform["release"]),
            bare=bool(platform.get("bare", False)),
        )
        for position, platform in enumerate(listed)
    )
    return Lab(f"erpops-{name.replace('_', '-')}", f"172.30.{third_octet}", wanted)


def inventory_file(lab: Lab) -> Path:
    return paths.LAB / "molecule" / lab.name.removeprefix("erpops-") / "hosts.yml"


def up(lab: Lab, wanted: list[str], progress: Progress) -> Path:
    """Raise the machines; the file of their inventory, which names the images as :func:`load` will load them."""
    client = image_store.engine_to_use(progress)
    built = images.ensure_built(client, wanted, progress)
    machines.up(client, lab, progress)
    inventory.write_wrappers()
    content = describe(lab, {name: image.image_id for name, image in built.items()})
    inventory.write_yaml(inventory_file(lab), content)
    return inventory_file(lab)


def load(lab: Lab, listed: list[dict[str, Any]], progress: Progress) -> None:
    """Give the machines' engines, which run by now, the images listed for each."""
    client = image_store.engine_to_use(progress)
    built = images.ensure_built(client, _images(listed), progress)
    for machine, platform in zip(lab.machines, listed, strict=True):
        for image in _images([platform]):
            progress.doing(f"loading image {image} on {machine.name}")
            machines.load(client, lab, machine, built[image].image_id)


def describe(lab: Lab, ids: dict[str, str]) -> dict[str, Any]:
    """The inventory: every group is a child of ``estate``, every image is named by the id it was loaded with."""
    groups = sorted({group for machine in lab.machines for group in machine.groups})
    members = {group: [machine.name for machine in lab.machines if group in machine.groups] for group in groups}
    children = {group: {"hosts": dict.fromkeys(names)} for group, names in members.items()}
    shared = {
        **inventory.connection(lab),
        "certificates_authority_dir": str(inventory_file(lab).parent / "authority"),
        "estate_images": ids,
    }
    estate = {"hosts": dict.fromkeys(machine.name for machine in lab.machines), "children": children}
    return {"all": {"hosts": inventory.hosts(lab), "vars": shared, "children": {"estate": estate}}}


def _images(listed: list[dict[str, Any]]) -> list[str]:
    return sorted({str(image) for platform in listed for image in platform.get("images", [])})


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.lab.scenario", description=__doc__)
    parser.add_argument("action", choices=["up", "load", "down"])
    parser.add_argument("name")
    arguments = parser.parse_args()
    progress = Progress()
    try:
        listed = platforms(arguments.name)
        lab = plan(arguments.name, listed)
        with progress.phase(f"Machines of {lab.name}"):
            if arguments.action == "up":
                progress.say(f"  inventory: {up(lab, _images(listed), progress)}")
            elif arguments.action == "load":
                load(lab, listed, progress)
            else:
                client = engine.used(progress)
                if client is not None:
                    machines.down(client, lab, progress)
    except (LabError, build.BuildFailed, docker.errors.DockerException) as error:
        progress.say(str(error))
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
