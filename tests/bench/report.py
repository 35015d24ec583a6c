"""Prints measurements as they come and remembers which of them do not hold what they are held to."""

from __future__ import annotations

import sys


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

    def end(self) -> int:
        """Say what does not hold; return the status to end with."""
        for sentence in self.broken:
            print(f"does not hold: {sentence}", file=sys.stderr)
        return 1 if self.broken else 0


def of(measured: float, target: float) -> str:
    """Return a figure as a part of its target."""
    return f"{measured / target:.2f} of it"
