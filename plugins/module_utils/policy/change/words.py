# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The words of governed change: what calendars, policy, changes and plans may speak of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from ansible_collections.erpops.estate.plugins.module_utils.policy.planes import PLANES

ENVIRONMENTS = ("development", "qa", "staging", "production")
# An application is released by train: these three need not move together.
KINDS = (
    "release-core",
    "release-warehouse",
    "release-connectors",
    "infrastructure",
    "patch",
    "migration",
    "emergency",
    "drill",
)
EVIDENCE = ("backup", "restore_test", "rehearsal", "scan", "lower_ring_healthy")
WINDOW, FREEZE = "window", "freeze"
# Of an instance that is said to have no site: no freeze of a site concerns it. No name can be this.
NONE = "-"


@dataclass(frozen=True)
class Vocabulary:
    """The names that a scope may use, by dimension, and the labels an event may carry beside them."""

    instances: frozenset[str] = frozenset()
    rings: frozenset[str] = frozenset()
    sites: frozenset[str] = frozenset()
    labels: frozenset[str] = frozenset()

    def names(self) -> Mapping[str, frozenset[str]]:
        """Return the names by dimension."""
        return {
            "environment": frozenset(ENVIRONMENTS),
            "instance": self.instances,
            "ring": self.rings,
            "site": self.sites,
            "plane": frozenset(PLANES),
            "kind": frozenset(KINDS),
        }


@dataclass(frozen=True)
class Part:
    """One of the things that a change touches; what is empty is not known and may be any, :data:`NONE` is none."""

    instance: str = ""
    ring: str = ""
    site: str = ""
    plane: str = ""

    def __str__(self) -> str:
        said = (("instance", self.instance), ("ring", self.ring), ("site", self.site), ("plane", self.plane))
        return ", ".join(f"{name} {value}" for name, value in said if value.strip(NONE)) or "the estate"


@dataclass(frozen=True)
class Target:
    """What a change is and touches."""

    environment: str
    kind: str
    parts: tuple[Part, ...] = (Part(),)

    @property
    def instances(self) -> tuple[str, ...]:
        """Return the instances concerned, each once."""
        return tuple(dict.fromkeys(part.instance for part in self.parts if part.instance))


@dataclass(frozen=True)
class Scope:
    """What an event is about: nothing said of a dimension means all of it."""

    limits: Mapping[str, frozenset[str]] = field(default_factory=dict)

    def touches(self, target: Target) -> bool:
        """Return whether any part of the change may be meant: so a freeze asks."""
        return self._target_meant(target) and any(
            all(not value or self._allows(name, value) for name, value in vars(part).items()) for part in target.parts
        )

    def covers(self, target: Target, part: Part) -> bool:
        """Return whether this part of the change is certainly meant: so a window asks."""
        return self._target_meant(target) and all(self._allows(name, value) for name, value in vars(part).items())

    def _target_meant(self, target: Target) -> bool:
        return self._allows("environment", target.environment) and self._allows("kind", target.kind)

    def _allows(self, name: str, value: str) -> bool:
        return name not in self.limits or value in self.limits[name]


def moment(seconds: float) -> str:
    """Return a point of time as people read it, in UTC."""
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M} UTC"
