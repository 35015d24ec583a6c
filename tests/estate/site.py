"""Runs the collection against the estate: site.yml, and what each task changed; or one module alone."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, field
from typing import Any

from tests.estate import warm
from tests.lab import inventory, paths

SITE = "erpops.estate.site"


@dataclass(frozen=True)
class Run:
    """One run: the hosts' counts of changes, every (host, task) that changed something, and every result.

    ``shown`` is everything that was printed.
    """

    status: int
    changed: dict[str, int]
    tasks: tuple[tuple[str, str], ...]
    output: str
    results: tuple[tuple[str, str, dict[str, Any]], ...] = field(repr=False)
    shown: str = field(repr=False)

    @property
    def changes(self) -> int:
        return sum(self.changed.values())


def command(*arguments: str, playbook: str = SITE) -> list[str]:
    """Return the command line of a run."""
    return [str(paths.RUN_PLAYBOOK), playbook, *arguments]


def environment() -> dict[str, str]:
    """Return an environment in which Ansible reports as JSON."""
    return {
        **os.environ,
        "ANSIBLE_STDOUT_CALLBACK": "ansible.posix.json",
        "ANSIBLE_LOAD_CALLBACK_PLUGINS": "1",
        "ANSIBLE_JSON_INDENT": "0",
        "ANSIBLE_NOCOLOR": "1",
    }


def run(*arguments: str, check: bool = True, playbook: str = SITE) -> Run:
    """Run site.yml, or another playbook of the collection, and return what it did."""
    status, plays, stats, errors, shown = _report("ansible-playbook", playbook, *arguments)
    results = [
        (host, task["task"]["name"], result)
        for play in plays
        for task in play["tasks"]
        for host, result in task["hosts"].items()
    ]
    failures = [
        f"{host}: {name}: {result.get('msg')}"
        for host, name, result in results
        if result.get("failed") or result.get("unreachable")
    ]
    found = Run(
        status,
        {host: counts["changed"] for host, counts in stats.items()},
        tuple((host, name) for host, name, result in results if result.get("changed")),
        "\n".join(failures) or errors[-3000:],
        tuple(results),
        shown + errors,
    )
    if check:
        assert found.status == 0, found.output
    return found


def module(hosts: str, name: str, arguments: dict[str, Any] | None = None, *options: str) -> dict[str, dict[str, Any]]:
    """Run one module as root and return its result by host; ``failed`` is always there."""
    given = ["-a", json.dumps(arguments)] if arguments else []
    _status, plays, _stats, errors, _shown = _report("ansible", hosts, "--become", "-m", name, *given, *options)
    assert plays, errors[-3000:]
    found: dict[str, dict[str, Any]] = plays[0]["tasks"][0]["hosts"]
    return {host: {"failed": bool(result.get("unreachable")), **result} for host, result in found.items()}


def _report(program: str, *words: str) -> tuple[int, list[Any], dict[str, Any], str, str]:
    done = warm.run(program, [*inventory.sources(), *words], {**environment(), **inventory.environment()})
    # The report is one line, the last; with -vvv much is said before it.
    report = next((line for line in reversed(done.stdout.splitlines()) if line.startswith("{")), "")
    data = json.loads(report) if report else {"plays": [], "stats": {}}
    return done.returncode, data["plays"], data["stats"], done.stderr, done.stdout
