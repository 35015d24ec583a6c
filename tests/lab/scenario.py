"""Machines for one Molecule scenario: ``python -m tests.lab.scenario up etcd --release trixie --machine m1:etcd``.

They stand on a network of their own, beside the estate's, and are described by an inventory under ``.lab/molecule``.
"""

from __future__ import annotations

import argparse
import sys
import zlib
from pathlib import Path

import docker

from tests.lab import engine, inventory, machines, paths
from tests.lab.errors import LabError
from tests.lab.plan import Lab, Machine
from tests.lab.progress import Progress

_FIRST_OCTET = 11


def plan(name: str, release: str, wanted: list[str]) -> Lab:
    """``wanted`` are machines as ``name:group,group``."""
    third_octet = 100 + zlib.crc32(f"{name}/{release}".encode()) % 100
    machines_wanted = []
    for position, entry in enumerate(wanted):
        machine, _colon, groups = entry.partition(":")
        machines_wanted.append(
            Machine(machine, _FIRST_OCTET + position, tuple(filter(None, groups.split(","))), release=release)
        )
    return Lab(f"erpops-{name}-{release}", f"172.30.{third_octet}", tuple(machines_wanted))


def inventory_directory(lab: Lab) -> Path:
    return paths.LAB / "molecule" / lab.name / "inventory"


def up(lab: Lab, progress: Progress) -> Path:
    """Raise the machines; the directory of their inventory."""
    machines.up(engine.ensure(progress), lab, progress)
    inventory.write_wrappers()
    groups = sorted({group for machine in lab.machines for group in machine.groups})
    members = {group: [machine.name for machine in lab.machines if group in machine.groups] for group in groups}
    children = {group: {"hosts": dict.fromkeys(names)} for group, names in members.items()}
    content = {"all": {"hosts": inventory.hosts(lab), "vars": inventory.connection(lab), "children": children}}
    inventory.write_yaml(inventory_directory(lab) / "hosts.yml", content)
    return inventory_directory(lab)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.lab.scenario", description=__doc__)
    parser.add_argument("action", choices=["up", "down"])
    parser.add_argument("name")
    parser.add_argument("--release", default="bookworm")
    parser.add_argument("--machine", action="append", default=[], metavar="NAME:GROUP,GROUP")
    arguments = parser.parse_args()
    lab = plan(arguments.name, arguments.release, arguments.machine)
    progress = Progress()
    try:
        with progress.phase(f"Machines of {lab.name}"):
            if arguments.action == "up":
                progress.say(f"  inventory: {up(lab, progress)}")
            else:
                machines.down(engine.ensure(progress), lab, progress)
    except (LabError, docker.errors.DockerException) as error:
        progress.say(str(error))
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
