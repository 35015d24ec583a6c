# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which modules of an instance are to be installed or upgraded, and why.

The code of a module is known by a checksum. What it was at the module's last upgrade is recorded in the instance's
own database, so that it travels with every copy of it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

INSTALL, UPGRADE, RECORD = "install", "upgrade", "record"
SHOWN = 12


@dataclass(frozen=True)
class Installed:
    """What a database says of its modules.

    ``states`` are of every module it knows; ``recorded`` are the checksums of the last upgrades; ``needs`` are pairs
    of a module and one that it depends on.
    """

    states: Mapping[str, str]
    recorded: Mapping[str, str]
    needs: Sequence[tuple[str, str]] = ()

    @property
    def installed(self) -> list[str]:
        """Return the modules that are installed."""
        return sorted(name for name, state in self.states.items() if state == "installed")


@dataclass(frozen=True)
class Step:
    """What is done with one module, and why; ``cause`` is false where another module's upgrade brings it along."""

    module: str
    act: str
    why: str
    cause: bool = True

    def as_dict(self) -> dict[str, str]:
        """Return the step as plain data for a module's result."""
        return {"module": self.module, "act": self.act, "why": self.why}


def objections(wanted: Collection[str], found: Installed, code: Mapping[str, str]) -> list[str]:
    """Return why the plan cannot be carried out."""
    sentences = [
        f"module {name}: expected it in the image's add-ons, found none" for name in wanted if name not in code
    ]
    sentences += [
        f"module {name}: expected it to be settled, found it {state}; finish or cancel that first"
        for name, state in sorted(found.states.items())
        if state.startswith("to ")
    ]
    return sentences


def plan(
    wanted: Collection[str], found: Installed, code: Mapping[str, str], *, upgrade: bool, adopt: bool
) -> list[Step]:
    """Return what is to be done, in the order of names; ``code`` are the checksums of what the image holds.

    A module without code in the image (made in Odoo itself) has nothing to be upgraded to.
    """
    steps = {
        name: Step(name, INSTALL, f"it is {found.states.get(name, 'unknown to the database')}")
        for name in wanted
        if found.states.get(name) != "installed"
    }
    for name in found.installed if upgrade else ():
        if name not in code or code[name] == found.recorded.get(name):
            continue
        if name in found.recorded:
            change = f"{found.recorded[name][:SHOWN]} to {code[name][:SHOWN]}"
            steps[name] = Step(name, UPGRADE, f"its code changed since its last upgrade, from {change}")
        elif adopt:
            steps[name] = Step(
                name, RECORD, "nothing is recorded of its last upgrade; its code is taken for what it is"
            )
        else:
            steps[name] = Step(name, UPGRADE, "nothing is recorded of its last upgrade")
    changed = [step.module for step in steps.values() if step.act == UPGRADE]
    for name, cause in _dependents(changed, found).items():
        if name not in steps or steps[name].act == RECORD:
            steps[name] = Step(name, UPGRADE, f"it depends on {cause}", cause=False)
    return [steps[name] for name in sorted(steps)]


def acting(steps: Iterable[Step], act: str) -> list[str]:
    """Return the modules that Odoo is asked to do this with; what depends on them it does by itself."""
    return [step.module for step in steps if step.act == act and step.cause]


def _dependents(changed: Iterable[str], found: Installed) -> dict[str, str]:
    """Return the installed modules that are upgraded along, each with the changed one that causes it."""
    causes: dict[str, str] = {}
    waiting = [(name, name) for name in sorted(changed)]
    while waiting:
        module, cause = waiting.pop(0)
        for dependent, needed in found.needs:
            if needed == module and found.states.get(dependent) == "installed" and dependent not in causes:
                causes[dependent] = cause
                waiting.append((dependent, cause))
    return {name: cause for name, cause in causes.items() if name not in set(changed)}


def described(names: Iterable[str], found: Installed) -> dict[str, str]:
    """Return by module what a record says of it: its state, and the beginning of the checksum of its code."""
    return {
        name: f"{found.states[name]}, code {found.recorded.get(name, 'not recorded')[:SHOWN]}"
        for name in sorted(names)
        if name in found.states
    }


def settled(steps: Iterable[Step], before: Installed, after: Installed) -> list[str]:
    """Return the modules whose code is to be recorded; raises ValueError for one that is not installed in the end.

    What Odoo installed along, because others need it, is among them.
    """
    named = sorted(step.module for step in steps)
    left = [
        f"module {name}: expected it to be installed, found it {after.states.get(name, 'unknown to the database')}"
        for name in named
        if name not in after.installed
    ]
    if left:
        raise ValueError("; ".join(left))
    return sorted({*named, *(set(after.installed) - set(before.installed))})


def check_bounds(lock_timeout: int, block_limit: int) -> None:
    """Raise ValueError for bounds that would let users wait for long, or nothing be upgraded at all."""
    for name, value, most in (("lock_timeout", lock_timeout, 60), ("block_limit", block_limit, 600)):
        if not 1 <= value <= most:
            raise ValueError(f"{name}: expected 1 to {most} seconds, found {value}")
