# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Desired and proven: what has to be done so that one container is what it should be.

A service is described by *aspects*: its image, command, mounts, the digest of each file and so on, each
under a name that can be shown. The container carries the aspects it was created with; the host keeps a
record of what was last *proven*, written only after the service was seen healthy. Whatever differs is
work, whoever caused it: a new release, an interrupted run, a hand.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class Action(StrEnum):
    """What is done with the container; each one includes writing the files that differ."""

    NONE = "none"
    PROVE = "prove"
    RELOAD = "reload"
    START = "start"
    CREATE = "create"
    REPLACE = "replace"


@dataclass(frozen=True)
class HandEdit:
    """A file that is not as it was last written.

    ``on_change`` says what a change of it calls for (replace, reload or none), ``changed_at`` is the
    later of the file's mtime and ctime (seconds since the epoch; 0.0 when the file is missing).
    """

    path: str
    on_change: str
    changed_at: float


@dataclass(frozen=True)
class Desired:
    """What the service should be; ``replace`` and ``reload`` are aspects by name, ``health`` is how it is asked."""

    replace: Mapping[str, str]
    reload: Mapping[str, str]
    limits: Mapping[str, int]
    health: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Observed:
    """What is on the host. ``aspects`` are those the container was created with."""

    container: str = ""
    running: bool = False
    started_at: float = 0.0
    aspects: Mapping[str, str] = field(default_factory=dict)
    limits: Mapping[str, int] = field(default_factory=dict)
    edits: tuple[HandEdit, ...] = ()


@dataclass(frozen=True)
class Proven:
    """The host's record: what was seen healthy and how, and what a run had set out to do when it last wrote."""

    container: str = ""
    reload: Mapping[str, str] = field(default_factory=dict)
    pending: str = ""
    health: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Decision:
    """What to do and why; ``limits`` are set on the running container without a restart."""

    action: Action
    reasons: tuple[str, ...] = ()
    limits: Mapping[str, int] = field(default_factory=dict)


def digest(value: Any) -> str:
    """Return a short SHA-256 (16 hexadecimal digits) of the value's canonical JSON."""
    canonical = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(canonical.encode()).hexdigest()[:16]


def differing(wanted: Mapping[str, str], active: Mapping[str, str]) -> tuple[str, ...]:
    """Return the names of the aspects that differ, sorted."""
    return tuple(sorted(name for name in {*wanted, *active} if wanted.get(name) != active.get(name)))


def decide(desired: Desired, observed: Observed, proven: Proven) -> Decision:
    """Return the least that makes the service what it should be."""
    limits = {name: value for name, value in desired.limits.items() if observed.limits.get(name) != value}
    if not observed.container:
        return Decision(Action.CREATE, ("there is no container",))
    changed = tuple(f"{name} differs" for name in differing(desired.replace, observed.aspects))
    read_edits = tuple(
        f"{edit.path} was changed by hand before the running process read it"
        for edit in observed.edits
        if edit.on_change == "replace" and observed.running and edit.changed_at < observed.started_at
    )
    interrupted = proven.container == observed.container and proven.pending
    if changed or read_edits or interrupted == Action.REPLACE:
        reasons = changed + read_edits or ("an earlier run was interrupted before it replaced the container",)
        return Decision(Action.REPLACE if observed.running else Action.CREATE, reasons)
    if not observed.running:
        return Decision(Action.START, ("the container is not running",), limits)
    if proven.container != observed.container:
        return Decision(Action.PROVE, ("the container was never seen healthy",), limits)
    stale = tuple(f"{name} differs" for name in differing(desired.reload, proven.reload))
    edited = tuple(f"{edit.path} was changed by hand" for edit in observed.edits if edit.on_change == "reload")
    if stale or edited or interrupted == Action.RELOAD:
        return Decision(Action.RELOAD, stale + edited or ("an earlier run was interrupted before the reload",), limits)
    other = ("it was proven by other questions than are asked now",) if proven.health != desired.health else ()
    return Decision(Action.PROVE if other else Action.NONE, other, limits)
