"""Runs the collection's playbooks against the estate and says what each task changed."""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from tests.lab import paths

SITE = "erpops.estate.site"


@dataclass(frozen=True)
class Run:
    """One run: the hosts' counts of changes, and every (host, task) that changed something."""

    status: int
    changed: dict[str, int]
    tasks: tuple[tuple[str, str], ...]
    output: str

    @property
    def changes(self) -> int:
        return sum(self.changed.values())


def command(*arguments: str) -> list[str]:
    """Return the command line of a run."""
    return [str(paths.RUN_PLAYBOOK), SITE, *arguments]


def environment(report: Path) -> dict[str, str]:
    """Return an environment in which the run writes its report as JSON."""
    return {
        **os.environ,
        "ANSIBLE_STDOUT_CALLBACK": "ansible.posix.json",
        "ANSIBLE_JSON_INDENT": "0",
        "ANSIBLE_NOCOLOR": "1",
        "ANSIBLE_LOG_PATH": str(report),
    }


def run(*arguments: str, check: bool = True) -> Run:
    """Run site.yml and return what it did."""
    with tempfile.TemporaryDirectory() as directory:
        done = subprocess.run(
            command(*arguments),
            capture_output=True,
            text=True,
            check=False,
            timeout=900,
            env=environment(Path(directory) / "log"),
        )
    report = done.stdout[done.stdout.find("{") :]
    data = json.loads(report) if report else {"plays": [], "stats": {}}
    tasks = tuple(
        (host, task["task"]["name"])
        for play in data["plays"]
        for task in play["tasks"]
        for host, result in task["hosts"].items()
        if result.get("changed")
    )
    failures = [
        f"{host}: {task['task']['name']}: {result.get('msg')}"
        for play in data["plays"]
        for task in play["tasks"]
        for host, result in task["hosts"].items()
        if result.get("failed") or result.get("unreachable")
    ]
    result = Run(
        done.returncode,
        {host: stats["changed"] for host, stats in data["stats"].items()},
        tasks,
        "\n".join(failures) or done.stderr[-3000:],
    )
    if check:
        assert result.status == 0, result.output
    return result
