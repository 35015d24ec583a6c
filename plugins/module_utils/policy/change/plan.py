# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The plan of a run as data: what is approved is this and nothing else, by its digest."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass, field
from functools import cached_property
from typing import Any

from ansible_collections.erpops.estate.plugins.module_utils.policy.change.canonical import digest
from ansible_collections.erpops.estate.plugins.module_utils.policy.change.words import Target

FORMAT = "erpops.estate/plan/1"


@dataclass(frozen=True)
class Step:
    """One step: what, where, why, and how long it took in earlier runs. ``undo`` is how to take it back."""

    name: str
    hosts: tuple[str, ...] = ()
    instances: tuple[str, ...] = ()
    reason: str = ""
    seconds: int = 0
    undo: str = ""


@dataclass(frozen=True)
class Estimates:
    """How long steps by their names, and the way back, take by what is known here, whatever the file of a plan says."""

    seconds: Mapping[str, int] = field(default_factory=dict)
    rollback_seconds: int = 0


UNKNOWN = Estimates()


@dataclass(frozen=True)
class Plan:
    """Everything a run will do.

    ``given`` are the extra variables that the playbook was called with, since they win over everything else.
    ``commit`` is the one that last said what the policy and the change are. ``no_return`` names the step from which
    there is only forward; ``outage_seconds`` and ``rollback_seconds`` are what users have to expect at most.
    """

    change: str
    playbook: str
    estate: str
    target: Target
    commit: str
    steps: tuple[Step, ...]
    rollback: str
    given: Mapping[str, str] = field(default_factory=dict)
    before: Mapping[str, str] = field(default_factory=dict)
    after: Mapping[str, str] = field(default_factory=dict)
    no_return: str = ""
    outage_seconds: int = 0
    rollback_seconds: int = 0

    def as_dict(self) -> dict[str, Any]:
        """Return the plan as plain data."""
        return {"format": FORMAT, **asdict(self)}

    @cached_property
    def digest(self) -> str:
        """Return what identifies the plan: other inputs, other digest."""
        return digest(self.as_dict())

    def remaining_seconds(self, done: Collection[str] = (), known: Estimates = UNKNOWN) -> int:
        """Return how long the steps take that are not done yet: by the plan, or by what is known where that is more."""
        left = [step for step in self.steps if step.name not in done]
        return sum(max(0, step.seconds, known.seconds.get(step.name, 0)) for step in left)
