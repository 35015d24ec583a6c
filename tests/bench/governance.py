"""How long the change gate takes over many calendars; needs no estate."""

from __future__ import annotations

import tempfile
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from ansible_collections.erpops.estate.plugins.module_utils.governance.laid_down import read
from ansible_collections.erpops.estate.plugins.module_utils.policy.change.gate import verdict
from ansible_collections.erpops.estate.plugins.module_utils.policy.change.plan import Plan, Step
from ansible_collections.erpops.estate.plugins.module_utils.policy.change.requests import target
from ansible_collections.erpops.estate.plugins.module_utils.policy.change.situation import Launcher, Recorder, Run

from tests.conftest import REPOSITORY

EXAMPLE = REPOSITORY / "inventories" / "governance"
CHANGE = "CHG-2026-0042"
CALENDARS, EVENTS = 50, 10_000
NOW = datetime(2026, 11, 2, 12, tzinfo=UTC)
# One event in so many recurs, every week without end.
RECURRING = 20


@dataclass(frozen=True)
class Cost:
    """Seconds from files to verdict with nothing kept and with everything kept, and how much was looked at."""

    cold: float
    kept: float
    events: int
    occurrences: int


def verdict_over_many_calendars(times: int) -> Cost:
    """The example's policy with its calendars replaced by many; the median of the runs with everything kept."""
    files = {str(path.relative_to(EXAMPLE)): path.read_bytes() for path in EXAMPLE.rglob("*") if path.is_file()}
    files = {name: content for name, content in files.items() if not name.startswith("calendars/")}
    files |= {f"calendars/{number:02}.ics": _calendar(number) for number in range(CALENDARS)}
    with tempfile.TemporaryDirectory() as cache:
        cold, counts = _timed(files, cache)
        kept = sorted(_timed(files, cache)[0] for _again in range(times))[times // 2]
    return Cost(cold, kept, *counts)


def _timed(files: dict[str, bytes], cache: str) -> tuple[float, tuple[int, int]]:
    start = time.monotonic()
    governance, faults = read(files, NOW, commit="0" * 40, grounds={CHANGE: "0" * 40}, cache=cache)
    if governance is None:
        raise AssertionError(faults)
    change = governance.changes[CHANGE]
    plan = Plan(
        change=CHANGE,
        playbook="patch",
        estate="shared",
        target=target(change, governance.policy),
        commit="0" * 40,
        steps=(Step("all", seconds=3600),),
        rollback=change.rollback,
    )
    verdict(governance, Run(plan, NOW, Launcher("eve.lang@example.com", "awx"), recorder=Recorder(loaded=True)))
    seconds = time.monotonic() - start
    events = governance.calendars.events
    return seconds, (len(events), sum(len(event.spans) for event in events))


def _calendar(number: int) -> bytes:
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//example.com//Bench//EN"]
    for index in range(EVENTS // CALENDARS):
        start = NOW + timedelta(hours=(index * 37 + number * 11) % (180 * 24))
        kind = "freeze,site:north" if index % 3 == 0 else "window,environment:production,kind:patch"
        lines += ["BEGIN:VEVENT", f"UID:{number}-{index}@example.com", f"SUMMARY:Event {index}", f"CATEGORIES:{kind}"]
        lines += [f"DTSTART;TZID=Europe/Berlin:{start:%Y%m%dT%H%M%S}", "DURATION:PT4H"]
        lines += ["RRULE:FREQ=WEEKLY"] if index % RECURRING == 0 else []
        lines.append("END:VEVENT")
    return "\r\n".join([*lines, "END:VCALENDAR", ""]).encode()
