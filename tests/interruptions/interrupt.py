"""Starts a playbook and kills it at one moment: the module that works on the host is frozen there meanwhile."""

from __future__ import annotations

import os
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from typing import IO, Any

from tests.estate import site
from tests.estate.world import Host
from tests.interruptions import watcher
from tests.interruptions.cast import Cast, of_host
from tests.interruptions.model import CONNECTION, INTERRUPT, KILLED, PROCESS, Act, Point

# Until the moment; then until a module that goes on has ended, and a controller that lives on.
MOMENT_SECONDS, MODULE_SECONDS, RUN_SECONDS = 420, 420, 600
# Ctrl-C has to end a run at once.
INTERRUPT_SECONDS = 60


class NotReached(AssertionError):
    """The moment did not come: nothing was interrupted."""


@dataclass(frozen=True)
class Cut:
    """How a run ended, and what was seen at the moment when it was killed."""

    status: int
    seen: Sequence[str]
    after: float
    said: str


def interrupt(cast: Cast, point: Point, act: Act) -> Cut:
    """Run a playbook until its moment has come on the host, and kill it then."""
    host, module, (playbook, arguments) = cast.parts[point.at], point.module, cast.command(act)
    moment, near = ([cast.told(words) for words in each] for each in (point.moment, point.near))
    host.check_output(f"rm -rf {watcher.OVER} /tmp/ansible_{module or 'none'}_payload_*")
    with ThreadPoolExecutor() as pool, tempfile.TemporaryFile() as said:
        watched = pool.submit(
            of_host,
            host,
            "watch",
            moment=moment,
            near=near,
            fine=point.fine,
            module=module,
            seconds=MOMENT_SECONDS,
        )
        run = subprocess.Popen(
            site.command(*arguments, playbook=playbook),
            stdin=subprocess.DEVNULL,
            stdout=said,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        pids = list[int]()
        try:
            while not watched.done() and run.poll() is None:
                time.sleep(0.1)
            # What is there when a run has ended may be seen a moment later.
            with suppress(TimeoutError):
                watched.result(timeout=2)
            host.check_output(f"touch {watcher.OVER}")
            found = watched.result()
            pids = found["pids"] if found["reached"] else []
            if not found["reached"]:
                raise NotReached(_missed(host, moment, found, run.poll(), _text(said)))
            _die(host, run, point, pids)
        finally:
            host.check_output(f"touch {watcher.OVER}")
            kill_all(run)
            if pids:
                of_host(host, "go_on", pids=pids, seconds=0)
        return Cut(run.returncode, found["seen"], found["after"], _text(said))


def _die(host: Host, run: subprocess.Popen[bytes], point: Point, pids: list[int]) -> None:
    """Kill what is to be killed, in the order in which it falls, and wait for what lives on."""

    def end_module() -> None:
        if pids and (point.module_too or point.kill == PROCESS):
            of_host(host, "kill", pids=pids, module=point.module)
        elif pids:
            gone = of_host(host, "go_on", pids=pids, seconds=MODULE_SECONDS)
            assert not gone["left"], f"{host.name}: expected {point.module} to end by itself, found that it does not"

    def ctrl_c() -> None:
        os.killpg(run.pid, signal.SIGINT)
        run.wait(INTERRUPT_SECONDS)

    acts: Mapping[str, Callable[[], Any]] = {
        INTERRUPT: ctrl_c,
        KILLED: lambda: kill_all(run),
        CONNECTION: lambda: of_host(host, "cut", pids=pids),
        PROCESS: lambda: None,
    }
    acts[point.kill]()
    end_module()
    run.wait(RUN_SECONDS)


def kill_all(run: subprocess.Popen[bytes]) -> None:
    """Kill a run with all that it has started; its workers are in sessions of their own."""
    everybody = [run.pid, *watcher.descendants(run.pid)] if run.poll() is None else []
    watcher.tell(everybody, signal.SIGKILL)
    run.wait(10)


def _text(said: IO[bytes]) -> str:
    said.seek(0)
    return said.read().decode(errors="replace")


def _missed(
    host: Host, moment: Sequence[Sequence[str]], found: Mapping[str, Any], status: int | None, said: str
) -> str:
    """Return what was seen instead of the moment, look by look where something changed."""
    wanted = "; ".join(" ".join(each) for each in moment)
    looks = [f"  {at:8.3f} s  {' | '.join(seen)}" for at, seen in found["trace"]]
    run = "the run was still going" if status is None else f"the run had ended with {status}"
    run += "" if found["near"] else ", it never was near"
    return "\n".join(
        [
            f"{host.name}: expected the moment {wanted}",
            f"found in {found['looks']} looks within {found['after']} s, {run}:",
            *looks,
            "the run's last lines:",
            said[-3000:],
        ]
    )
