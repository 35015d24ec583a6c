"""The checks and tests, in the order ``make test`` runs them."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from tests.lab import collection, engine, image_store, images, machines, paths, removal, scenario
from tests.lab import sanity as ansible_test
from tests.lab.plan import ESTATE
from tests.lab.progress import CommandFailed, Progress, clock

WHOLE_ESTATE = "default"
_BIN = paths.VENV / "bin"
# Whatever runs beside the estate takes the processors that the estate and its tests leave.
BESIDE = ("nice", "-n", "15")
# The slowest first: it runs beside all others.
_LINTERS = (
    ("ansible-lint",),
    ("mypy", "plugins", "tests"),
    ("ruff", "check", "."),
    ("ruff", "format", "--check", "."),
    ("yamllint", "--strict", "."),
    ("antsibull-changelog", "lint"),
)


def lint(progress: Progress) -> None:
    """Everything that reads the sources without running them. One failure does not hide the next."""
    with progress.phase("Lint"):
        _lint_beside(progress)


def _lint_beside(progress: Progress) -> None:
    paths.link_source()
    with ThreadPoolExecutor(max_workers=2) as lanes:
        passed = lanes.map(lambda linter: _passes(progress, *linter), _LINTERS)
        failed = [" ".join(linter) for linter, well in zip(_LINTERS, passed, strict=True) if not well]
    if failed:
        raise CommandFailed(f"These found something: {', '.join(failed)}")


def unit(progress: Progress) -> None:
    with progress.phase("Unit tests"):
        _show(progress, "pytest", "-q", "tests/unit")


def controller(progress: Progress) -> None:
    """Playbooks that stay on the controller, run as their users run them: real Git, keys, signatures and ledger."""
    _demand(progress, "pytest", "-q", "tests/controller")


def sanity(progress: Progress) -> None:
    """ansible-test on the installed artefact: it insists on the path a collection is installed at."""
    with progress.phase("Sanity"), ansible_test.prepared(progress) as installed:
        _show(progress, "ansible-test", "sanity", "--local", cwd=installed, env=ansible_test.environment())


def _unit_beside(progress: Progress) -> None:
    _demand(progress, "pytest", "-q", "tests/unit")


def _sanity_beside(progress: Progress) -> None:
    with ansible_test.prepared(progress) as installed:
        _demand(progress, "ansible-test", "sanity", "--local", cwd=installed, env=ansible_test.environment())


def molecule(progress: Progress) -> None:
    """Each role alone, on the installed artefact, on machines of its own."""
    collection.ensure(progress)
    # Once, and not by several scenarios at the same time.
    machines.ensure_images(image_store.engine_to_use(progress), progress)
    with progress.phase("Molecule"), _beside(progress, *(partial(_alone, name) for name in _scenarios())):
        pass


def _molecule_beside(progress: Progress) -> None:
    """The same one after the other: beside the estate they have time."""
    machines.ensure_images(image_store.engine_to_use(progress), progress)
    for name in _scenarios():
        _alone(name, progress)


def _scenarios() -> list[str]:
    names = [path.parent.name for path in sorted(scenario.SCENARIOS.glob("*/molecule.yml"))]
    return [name for name in names if name != WHOLE_ESTATE]


def _alone(name: str, progress: Progress) -> None:
    """One scenario; all that it said is shown where it fails."""
    installed = {"ANSIBLE_COLLECTIONS_PATH": str(paths.INSTALLED_TREE), "ANSIBLE_NOCOLOR": "1", "NO_COLOR": "1"}
    start, log = time.monotonic(), f"molecule-{name}"
    (paths.LOGS / f"{log}.log").unlink(missing_ok=True)
    try:
        progress.run(
            [*BESIDE, _BIN / "molecule", "test", "--scenario-name", name], log=log, env={**_environment(), **installed}
        )
    except CommandFailed:
        progress.say((paths.LOGS / f"{log}.log").read_text(encoding="utf-8"))
        raise
    progress.say(f"  {name}: passed in {clock(time.monotonic() - start)}")


def whole_estate(progress: Progress, *steps: str) -> None:
    """Steps of Molecule's default scenario, which are the lab's own commands on the whole estate.

    Molecule shows what they say when they have ended; here it is shown as they say it.
    """
    with progress.phase("Molecule default"), progress.relayed() as file:
        env = {**_environment(), "NO_COLOR": "1", "ANSIBLE_NOCOLOR": "1", "ERPOPS_PROGRESS": str(file)}
        for step in steps:
            progress.run([_BIN / "molecule", step, "--scenario-name", WHOLE_ESTATE], log="molecule", env=env)


def check(progress: Progress) -> None:
    """The fast part alone."""
    lint(progress)
    unit(progress)


def estate(progress: Progress) -> None:
    """The tests against the running estate."""
    with progress.phase("Estate tests"):
        _show(progress, "pytest", "-v", "--instafail", "--durations=40", "tests/estate")


def demonstration(progress: Progress) -> None:
    """Real input through the virtual address; it prints its own account."""
    _show(progress, "python", "-m", "tests.estate.demo")


def drilled(progress: Progress) -> None:
    """Whether drills and interruptions have results of this code. They themselves take longer than all tests."""
    with progress.phase("Results of drills and interruptions"):
        _show(progress, "pytest", "-q", "tests/drills", "tests/interruptions")


def everything(progress: Progress) -> None:
    """From nothing to nothing: checks, the estate raised and converged twice, its tests, down."""
    # What is tested is what is shipped, whatever was tried from the working tree before.
    os.environ.pop("ERPOPS_SOURCE", None)
    drilled(progress)
    # The estate takes longest, from its images to its tests, and leaves half of two processors idle: all else runs
    # beside it.
    with _beside(progress, _lint_beside, _unit_beside, controller) as also_beside:
        with progress.phase("Images"):
            client = image_store.engine_to_use(progress)
            images.ensure(client, progress)
            collection.ensure(progress)
            # What the estate boots from is there before anybody beside it builds the others.
            for machine in ESTATE.machines:
                machines.ensure_image(client, machine.release, machine.bare, progress)
        also_beside(_sanity_beside, _molecule_beside)
        # The machines are removed by who asked for all this, however it ends; Molecule would take those of an earlier
        # run for created.
        removal.machines_only(progress)
        try:
            whole_estate(progress, "reset", "converge", "idempotence", "verify")
        finally:
            if os.environ.get("ERPOPS_KEEP") == "1" and engine.connect() is not None:
                progress.say("ERPOPS_KEEP=1: the machines stay up.")
            else:
                removal.machines_only(progress)


Work = Callable[[Progress], None]


@contextmanager
def _beside(progress: Progress, *work: Work) -> Iterator[Callable[..., None]]:
    """Do this in the order given, two at a time, beside what the block does; yields what takes more of it.

    It yields to the block, whose tests measure (see ``BESIDE``); that it failed is an error at the end.
    """
    jobs: list[Future[None]] = []
    with ThreadPoolExecutor(max_workers=2) as lanes:

        def also(*more: Work) -> None:
            jobs.extend(lanes.submit(each, progress) for each in more)

        also(*work)
        try:
            yield also
        except BaseException:
            lanes.shutdown(wait=False, cancel_futures=True)
            raise
    _demand_all(jobs)


def _demand_all(jobs: Sequence[Future[None]]) -> None:
    failed = [str(job.exception()) for job in jobs if job.exception()]
    if failed:
        raise CommandFailed("\n".join(failed))


def _demand(progress: Progress, *command: str, cwd: Path = paths.ROOT, env: Mapping[str, str] | None = None) -> None:
    """Run a tool beside others; that it fails is an error."""
    if not _passes(progress, *command, cwd=cwd, env=env):
        raise CommandFailed(f"{' '.join(command)} failed; what it found is above.")


def _passes(
    progress: Progress, tool: str, *arguments: str, cwd: Path = paths.ROOT, env: Mapping[str, str] | None = None
) -> bool:
    """Run a tool beside others; what it says is shown when it has ended."""
    answer = subprocess.run(
        [*BESIDE, str(_BIN / tool), *arguments],
        cwd=cwd,
        env=env or _environment(),
        check=False,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
    )
    progress.say("\n".join([f"  $ {tool} {' '.join(arguments)}", *answer.stdout.splitlines()]))
    return answer.returncode == 0


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
