"""The lab's commands: ``python -m tests.lab <command>``. The Makefile gives them their everyday names."""

from __future__ import annotations

import argparse
import subprocess
import sys
from collections.abc import Callable

import docker

from tests.lab import (
    build,
    collection,
    engine,
    estate,
    home,
    image_store,
    images,
    inventory,
    machines,
    packages,
    paths,
    playbook,
    registry,
    removal,
    suite,
)
from tests.lab.errors import LabError
from tests.lab.plan import ESTATE
from tests.lab.progress import Progress


def up(progress: Progress) -> docker.DockerClient:
    """Machines, inventory and images. With everything in place it looks and leaves."""
    with progress.phase("Engine"):
        client = image_store.engine_to_use(progress)
    with progress.phase("Machines"):
        machines.up(client, ESTATE, progress)
        inventory.write(ESTATE)
        if not paths.READY.exists():
            progress.doing("first connection of Ansible")
            progress.run([paths.RUN_ADHOC, "all", "-m", "ansible.builtin.ping"], log="machines")
    paths.READY.touch()
    with progress.phase("Images"):
        images.ensure(client, progress)
    return client


def converge(progress: Progress) -> playbook.Run:
    """site.yml, from the installed artefact."""
    with progress.phase("Collection"):
        collection.ensure(progress)
    with progress.phase("Converge"):
        run = playbook.run(progress, "erpops.estate.site")
    where = ", ".join(f"{host} {changes}" for host, changes in run.changed.items() if changes)
    progress.say(f"  {run.changes} changes in {run.seconds:.0f} s" + (f" ({where})" if where else ""))
    estate.write(ESTATE)
    return run


def demo(progress: Progress) -> None:
    """Raise the estate, converge it and put real input through it."""
    up(progress)
    converge(progress)
    with progress.phase("Demonstration"):
        suite.demonstration(progress)


def status(progress: Progress) -> None:
    """What of the lab exists now."""
    client = engine.connect()
    if client is None:
        progress.say("No Docker engine answers.")
        return
    for line in machines.status(client, ESTATE):
        progress.say(line)


_COMMANDS: dict[str, Callable[[Progress], object]] = {
    "up": up,
    "images": lambda progress: images.ensure(image_store.engine_to_use(progress), progress),
    "collection": collection.ensure,
    "converge": lambda progress: (up(progress), converge(progress)),
    "site": converge,
    "demo": demo,
    "status": status,
    "lint": suite.lint,
    "sanity": suite.sanity,
    "unit": suite.unit,
    "controller-tests": suite.controller,
    "molecule": suite.molecule,
    "check": suite.check,
    "estate-tests": suite.estate,
    "test": suite.everything,
    "down": removal.machines_only,
    "purge": removal.every_trace,
}


# What tests of the pure code call on this machine, by the package it comes from; a bare one has none of them.
_TOOLS = {"git": "git", "ip": "iproute2", "ssh-keygen": "openssh-client"}
_NEED_TOOLS = {"check", "controller-tests", "test", "unit"}


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.lab", description=__doc__)
    parser.add_argument("command", choices=sorted(_COMMANDS))
    command = parser.parse_args().command
    home.enter()
    progress = Progress()
    try:
        if command in _NEED_TOOLS:
            packages.ensure(_TOOLS, progress)
        _COMMANDS[command](progress)
    except KeyboardInterrupt:
        progress.say("Interrupted. The same command goes on from here.")
        return 130
    except subprocess.CalledProcessError as error:
        progress.say(f"{error}\n{error.stderr or ''}".rstrip())
        return 1
    except (LabError, build.BuildFailed, registry.PushFailed, docker.errors.DockerException) as error:
        progress.say(str(error))
        return 1
    if command in {"demo", "test", "converge", "check"}:
        progress.save_timings(command)
    return 0


if __name__ == "__main__":
    sys.exit(main())
