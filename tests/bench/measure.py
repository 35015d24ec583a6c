"""What is measured, and how: each function returns figures, prints nothing and changes nothing."""

from __future__ import annotations

import re
import statistics
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import docker

from tests.lab import paths
from tests.lab.plan import ESTATE

_SMAPS_PSS = re.compile(r"^Pss:\s+(\d+) kB", re.MULTILINE)


class MeasurementFailed(RuntimeError):
    """What was to be measured did not work, so there is no figure."""


@dataclass(frozen=True)
class Durations:
    """Seconds that repeated runs of one command took."""

    seconds: tuple[float, ...]

    @property
    def median(self) -> float:
        return statistics.median(self.seconds)

    @property
    def worst(self) -> float:
        return max(self.seconds)


def duration(command: Sequence[str | Path], times: int) -> tuple[Durations, str]:
    """Run the command; return how long each run took and the output of the last."""
    seconds: list[float] = []
    output = ""
    for _attempt in range(times):
        start = time.monotonic()
        done = subprocess.run(
            [str(part) for part in command], cwd=paths.ROOT, capture_output=True, text=True, check=False
        )
        seconds.append(time.monotonic() - start)
        output = done.stdout
        if done.returncode != 0:
            raise MeasurementFailed(
                f"{command[0]} ended with {done.returncode}:\n{output[-2000:]}{done.stderr[-2000:]}"
            )
    return Durations(tuple(seconds)), output


def bare_setup(times: int) -> Durations:
    """Gathering all facts of all hosts: what any run over the estate costs at least."""
    return duration([paths.RUN_ADHOC, "all", "-m", "ansible.builtin.setup"], times)[0]


def nothing_to_do(times: int) -> Durations:
    """``site.yml`` on an estate that is as desired; anything changed makes the figure worthless."""
    durations, output = duration([paths.RUN_PLAYBOOK, "erpops.estate.site"], times)
    changed = sum(int(count) for count in re.findall(r"changed=(\d+)", output))
    if changed:
        raise MeasurementFailed(f"site.yml had something to do (changed={changed}): measure again when it has not")
    return durations


def resident_mib() -> dict[str, float]:
    """Proportional set size (PSS) in MiB of everything that runs in the lab, by machine.

    A process belongs to the machine whose init is its ancestor. Its control group does not say so: with version 1
    the engine of a machine puts its containers beside those of the machine's own engine.
    """
    client = docker.from_env()
    inits = {_init(client, ESTATE.container(machine)): machine.name for machine in ESTATE.machines}
    parents = dict(filter(None, map(_parentage, Path("/proc").glob("[0-9]*"))))
    total = dict.fromkeys(inits.values(), 0.0)
    for process in parents:
        ancestor = process
        while ancestor in parents and ancestor not in inits:
            ancestor = parents[ancestor]
        if ancestor in inits:
            total[inits[ancestor]] += _pss_mib(process)
    return total


def _init(client: docker.DockerClient, container: str) -> int:
    return int(client.containers.get(container).attrs["State"]["Pid"])


def _parentage(process: Path) -> tuple[int, int] | None:
    try:
        # The program's name stands in brackets and may hold anything.
        return int(process.name), int((process / "stat").read_text().rpartition(")")[2].split()[1])
    except (FileNotFoundError, ProcessLookupError):
        return None  # it ended while we were looking


def _pss_mib(process: int) -> float:
    try:
        found = _SMAPS_PSS.search(Path(f"/proc/{process}/smaps_rollup").read_text())
    except (FileNotFoundError, ProcessLookupError):
        return 0.0
    return int(found[1]) / 1024 if found else 0.0
