"""Tells a person what is being done: one live line on a terminal, plain lines elsewhere."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from tests.lab import paths
from tests.lab.errors import LabError

_ENDED = re.compile(r"^✓ (?P<name>.+) (?P<minutes>\d+):(?P<seconds>\d\d)$")


class CommandFailed(LabError):
    """A command ended with an error; the message carries its last lines and where the rest is."""


def clock(seconds: float) -> str:
    """Minutes and seconds, as a stopwatch shows them."""
    return f"{int(seconds) // 60:d}:{int(seconds) % 60:02d}"


def _starting_point() -> str:
    """Say what a run finds when it begins: one that builds nothing is no measure of one that does."""
    if not (paths.GENERATED_VARS / "images.yml").exists():  # the list of images by digest
        return "from bare"
    return "with everything up" if paths.READY.exists() else "with images built"


class Progress:
    """Phases with their times. Phases may be nested; the innermost one is shown."""

    def __init__(self, out: TextIO = sys.stdout) -> None:
        self._out = out
        self._live = out.isatty()
        self._start = time.monotonic()
        self._from = _starting_point()
        self._phases: list[tuple[str, float]] = []
        self._doing = ""
        self._paused = False
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._ticker: threading.Thread | None = None
        self.timings: dict[str, float] = {}

    @contextmanager
    def phase(self, name: str) -> Iterator[Progress]:
        """Time what happens inside and remember how long it took."""
        start = time.monotonic()
        self._enter(name, start)
        try:
            yield self
        except BaseException:
            self._leave(f"✗ {name} failed after {clock(time.monotonic() - start)}")
            raise
        took = time.monotonic() - start
        self.timings[name] = round(took, 1)
        self._leave(f"✓ {name} {clock(took)}")

    def doing(self, what: str) -> None:
        """Say what is being done now within the phase."""
        if what == self._doing:
            return
        self._doing = what
        if self._live:
            self._draw()
        elif self._phases:
            name, start = self._phases[-1]
            self._print(f"  {name} {clock(time.monotonic() - start)}: {what}")

    def pause(self) -> None:
        """Leave the terminal to a command that writes to it."""
        self._paused = True
        if self._live:
            with self._lock:
                self._out.write("\r\033[K")
                self._out.flush()

    def resume(self) -> None:
        """Take the terminal back."""
        self._paused = False

    def say(self, line: str) -> None:
        """A line that stays."""
        self._print(line)

    @contextmanager
    def relayed(self) -> Iterator[Path]:
        """A file of which every line is shown as it comes: for what runs below a tool that keeps output to itself.

        The phases that end in it count among this run's; one that comes a second time is named so.
        """
        file = paths.LOGS / "relayed.log"
        paths.write(file, "")
        ended = threading.Event()
        follower = threading.Thread(target=self._follow, args=(file, ended), daemon=True)
        follower.start()
        try:
            yield file
        finally:
            ended.set()
            follower.join()

    def run(
        self,
        command: Sequence[str | Path],
        *,
        log: str,
        cwd: Path = paths.ROOT,
        env: Mapping[str, str] | None = None,
        caption: Callable[[str], str | None] | None = None,
    ) -> None:
        """Run a command into ``.lab/log/<log>.log``; ``caption`` turns a line of output into what is shown."""
        paths.LOGS.mkdir(parents=True, exist_ok=True)
        file = paths.LOGS / f"{log}.log"
        tail: list[str] = []
        with file.open("a", encoding="utf-8") as record:
            record.write(f"\n$ {' '.join(map(str, command))}\n")
            with subprocess.Popen(
                [str(part) for part in command],
                cwd=cwd,
                env=dict(env) if env is not None else None,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                errors="replace",
            ) as process:
                assert process.stdout is not None
                for line in process.stdout:
                    record.write(line)
                    record.flush()
                    tail = [*tail[-29:], line.rstrip()]
                    shown = caption(line.rstrip()) if caption else None
                    if shown:
                        self.doing(shown)
        if process.returncode != 0:
            text = "\n".join(f"    {line}" for line in tail)
            raise CommandFailed(
                f"{command[0]} ended with {process.returncode}; its last lines (all of it: {file}):\n{text}"
            )

    def save_timings(self, run: str) -> None:
        """Show the times of this run and keep them beside those that began elsewhere, for the measurements."""
        phases = dict(self.timings)
        if paths.VENV_SECONDS.exists():  # left by the Makefile, which makes the environment before any of this runs
            phases = {"Virtual environment": float(paths.VENV_SECONDS.read_text(encoding="ascii")), **phases}
            paths.VENV_SECONDS.unlink()
        total = time.monotonic() - self._start + phases.get("Virtual environment", 0.0)
        for name, seconds in [*phases.items(), ("Total", total)]:
            self.say(f"  {name:<22} {clock(seconds):>6}")
        known = json.loads(paths.TIMINGS.read_text(encoding="utf-8")) if paths.TIMINGS.exists() else {}
        known[f"{run}, {self._from}"] = {
            "phases": phases,
            "total": round(total, 1),
            "at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        }
        paths.write(paths.TIMINGS, json.dumps(known, indent=2) + "\n")

    def _follow(self, file: Path, ended: threading.Event) -> None:
        unfinished = ""
        with file.open(encoding="utf-8", errors="replace") as lines:
            while True:
                last = ended.wait(0.2)
                for part in lines:
                    unfinished += part
                    if unfinished.endswith("\n"):
                        self._relay(unfinished.rstrip("\n"))
                        unfinished = ""
                if last:
                    if unfinished:
                        self._relay(unfinished)
                    return

    def _relay(self, line: str) -> None:
        self.say(line)
        phase = _ENDED.match(line)
        if phase:
            name = phase["name"]
            name = f"{name} again" if name in self.timings else name
            self.timings[name] = 60.0 * int(phase["minutes"]) + int(phase["seconds"])

    def _enter(self, name: str, start: float) -> None:
        self._phases.append((name, start))
        self._doing = ""
        if not self._live:
            self._print(f"• {name}")
        elif self._ticker is None:
            self._stop.clear()
            self._ticker = threading.Thread(target=self._tick, daemon=True)
            self._ticker.start()

    def _leave(self, line: str) -> None:
        self._phases.pop()
        self._doing = ""
        if not self._phases and self._ticker is not None:
            self._stop.set()
            self._ticker.join()
            self._ticker = None
        self._print(line)

    def _tick(self) -> None:
        while not self._stop.wait(1.0):
            self._draw()

    def _draw(self) -> None:
        with self._lock:
            if self._paused or not self._phases:
                return
            name, start = self._phases[-1]
            text = f"{name}  {clock(time.monotonic() - start)}  {self._doing}"
            self._out.write("\r\033[K" + text[: shutil.get_terminal_size().columns - 1])
            self._out.flush()

    def _print(self, line: str) -> None:
        with self._lock:
            self._out.write(("\r\033[K" if self._live else "") + line + "\n")
            self._out.flush()
