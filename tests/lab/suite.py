"""The checks and tests, in the order ``make test`` runs them."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from tests.lab import collection, engine, paths, removal, scenario
from tests.lab import sanity as ansible_test
from tests.lab.progress import CommandFailed, Progress

WHOLE_ESTATE = "default"
_BIN = paths.VENV / "bin"
_LINTERS = (
    ("ruff", "check", "."),
    ("ruff", "format", "--check", "."),
    ("mypy", "plugins", "tests"),
    ("yamllint", "--strict", "."),
    ("ansible-lint",),
    ("antsibull-changelog", "lint"),
)


def lint(progress: Progress) -> None:
    """Everything that reads the sources without running them. One failure does not hide the next."""
    paths.link_source()
    with progress.phase("Lint"):
        failed = [" ".join(linter) for linter in _LINTERS if not _succeeds(progress, *linter)]
        if failed:
            raise CommandFailed(f"These found something: {', '.join(failed)}")


def unit(progress: Progress) -> None:
    with progress.phase("Unit tests"):
        _show(progress, "pytest", "-q", "tests/unit")


def sanity(progress: Progress) -> None:
    """ansible-test on the installed artefact: it insists on the path a collection is installed at."""
    with progress.phase("Sanity"), ansible_test.prepared(progress) as installed:
        _show(progress, "ansible-test", "sanity", "--local", cwd=installed, env=ansible_test.environment())


def molecule(progress: Progress) -> None:
    """One role after the other alone, on the installed artefact, on machines of its own."""
    collection.ensure(progress)
    installed = {"ANSIBLE_COLLECTIONS_PATH": str(paths.INSTALLED_TREE)}
    for path in sorted(scenario.SCENARIOS.glob("*/molecule.yml")):
        name = path.parent.name
        if name == WHOLE_ESTATE:
            continue
        releases = scenario.releases(scenario.platforms(name))
        for release in releases:
            env = {**_environment(), **installed, "ERPOPS_RELEASE": release}
            with progress.phase(f"Molecule {name}" + (f" on {release}" if len(releases) > 1 else "")):
                _show(progress, "molecule", "test", "--scenario-name", name, env=env)


def whole_estate(progress: Progress) -> None:
    """Molecule's default scenario: the estate raised, converged twice and asked, by the lab's own commands.

    Molecule shows what they say when they have ended; here it is shown as they say it.
    """
    with progress.phase("Molecule default"), progress.relayed() as file:
        env = {**_environment(), "NO_COLOR": "1", "ANSIBLE_NOCOLOR": "1", "ERPOPS_PROGRESS": str(file)}
        # The machines are removed by who asked for all this, however it ends; Molecule would take them for created.
        for words in (["reset"], ["test", "--destroy", "never"]):
            progress.run([_BIN / "molecule", *words, "--scenario-name", WHOLE_ESTATE], log="molecule", env=env)


def check(progress: Progress) -> None:
    """The fast part alone."""
    lint(progress)
    unit(progress)


def estate(progress: Progress) -> None:
    """The tests against the running estate."""
    with progress.phase("Estate tests"):
        _show(progress, "pytest", "-q", "tests/estate")


def demonstration(progress: Progress) -> None:
    """Real input through the virtual address; it prints its own account."""
    _show(progress, "python", "-m", "tests.estate.demo")


def everything(progress: Progress) -> None:
    """From nothing to nothing: checks, the estate raised and converged twice, its tests, down."""
    lint(progress)
    sanity(progress)
    unit(progress)
    molecule(progress)
    removal.machines_only(progress)
    try:
        whole_estate(progress)
    finally:
        if os.environ.get("ERPOPS_KEEP") == "1" and engine.connect() is not None:
            progress.say("ERPOPS_KEEP=1: the machines stay up.")
        else:
            removal.machines_only(progress)


def _show(progress: Progress, *command: str, cwd: Path = paths.ROOT, env: Mapping[str, str] | None = None) -> None:
    """Run a tool whose output a person wants to read; that it fails is an error."""
    if not _succeeds(progress, *command, cwd=cwd, env=env):
        raise CommandFailed(f"{' '.join(command)} failed; what it found is above.")


def _succeeds(
    progress: Progress, tool: str, *arguments: str, cwd: Path = paths.ROOT, env: Mapping[str, str] | None = None
) -> bool:
    program = str(_BIN / tool) if tool != "python" else sys.executable
    progress.pause()
    progress.say(f"  $ {tool} {' '.join(arguments)}")
    answer = subprocess.run([program, *arguments], cwd=cwd, env=env or _environment(), check=False)
    progress.resume()
    return answer.returncode == 0


def _environment() -> dict[str, str]:
    """The tools find each other on PATH, and the collection by its name in the working tree."""
    return {
        **os.environ,
        "PATH": f"{_BIN}:{os.environ.get('PATH', '')}",
        "ANSIBLE_CONFIG": str(paths.ROOT / "ansible.cfg"),
        "ANSIBLE_COLLECTIONS_PATH": str(paths.SOURCE_TREE),
    }
