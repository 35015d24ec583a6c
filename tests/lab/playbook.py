"""Runs the collection's playbooks as an operator would and says what came of it."""

from __future__ import annotations

import os
import re
import time
from dataclasses import dataclass

from tests.lab import paths
from tests.lab.progress import Progress

_RECAP = re.compile(
    r"^(?P<host>\S+)\s+:\s+ok=(?P<ok>\d+)\s+changed=(?P<changed>\d+)\s+unreachable=(?P<unreachable>\d+)\s+failed=(?P<failed>\d+)"
)
_TASK = re.compile(r"^TASK \[(?P<task>.+?)\] \**$")


@dataclass(frozen=True)
class Run:
    """What a run of a playbook changed, per host, and how long it took."""

    changed: dict[str, int]
    seconds: float

    @property
    def changes(self) -> int:
        return sum(self.changed.values())


def run(progress: Progress, *arguments: str, log: str = "site") -> Run:
    """Run a playbook through the lab's wrapper. A failed run raises CommandFailed with its last lines."""
    changed: dict[str, int] = {}

    def caption(line: str) -> str | None:
        recap = _RECAP.match(line)
        if recap:
            changed[recap["host"]] = int(recap["changed"])
        task = _TASK.match(line)
        return task["task"] if task else None

    start = time.monotonic()
    progress.run(
        [paths.RUN_PLAYBOOK, *arguments],
        log=log,
        env={**os.environ, "ANSIBLE_NOCOLOR": "1", "ANSIBLE_FORCE_COLOR": "0"},
        caption=caption,
    )
    return Run(changed, round(time.monotonic() - start, 1))
