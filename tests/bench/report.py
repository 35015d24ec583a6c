"""Prints measurements as they come and remembers which of them do not hold what they are held to."""

from __future__ import annotations

import sys
import traceback
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from tests.load.result import Result

# What was measured, the figure, what it is held to, and whether that holds.
Line = tuple[str, str, str, bool]


class Report:
    """Lines of three columns: what was measured, the figure, the target."""

    def __init__(self) -> None:
        self.broken: list[str] = []

    def line(self, what: str, figure: str, target: str = "", holds: bool = True) -> None:
        """Print a measurement; one that does not hold counts."""
        print(f"{what:<46} {figure:<40} {target}".rstrip(), flush=True)
        if not holds:
            self.broken.append(f"{what.strip()}: {figure}, {target}")

    def most(self, what: str, figure: str, measured: float, limit: float, target: str, *, more: str = "") -> None:
        """Print a measurement that has an upper bound; ``target`` says it in words."""
        self.line(what, figure, f"{target}: {of(measured, limit)}{more}", measured <= limit)

    def lines(self, measured: Iterable[Line]) -> None:
        """Print measurements as they come."""
        for line in measured:
            self.line(*line)

    @contextmanager
    def block(self, what: str) -> Iterator[None]:
        """Say what could not be measured, and let what comes after it be measured all the same."""
        try:
            yield
        except Exception as error:  # noqa: BLE001 - whatever it is, the next block is another matter
            traceback.print_exc()
            why = next(iter(str(error).splitlines()), type(error).__name__)
            self.line(what, "could not be measured", why, holds=False)

    def end(self) -> int:
        """Say what does not hold; return the status to end with."""
        for sentence in self.broken:
            print(f"does not hold: {sentence}", file=sys.stderr)
        return 1 if self.broken else 0


def met(load: Result) -> str:
    """Return what the users of a load met of what nobody may, and what else must not be."""
    sentences = "".join(f"; {fault}" for fault in load.faults)
    truth = f"lost {len(load.truth.lost)}, doubled {len(load.truth.doubled)}"
    return f"{len(load.failed)} failed (none may), {load.fates['unknown']} orders unknown (aim 0), {truth}{sentences}"


def of(measured: float, target: float) -> str:
    """Return a figure as a part of its target."""
    return f"{measured / target:.2f} of it"
