# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The backups of a cluster, from what they are to what they should be, on one of its members."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.erpops.estate.plugins.module_utils.clients import timers
from ansible_collections.erpops.estate.plugins.module_utils.clients.errors import Refused
from ansible_collections.erpops.estate.plugins.module_utils.health.verdict import Verdict
from ansible_collections.erpops.estate.plugins.module_utils.members.pgbackrest import PgbackrestMember
from ansible_collections.erpops.estate.plugins.module_utils.policy.backup import Step, steps
from ansible_collections.erpops.estate.plugins.module_utils.policy.definition import Directory, ManagedFile
from ansible_collections.erpops.estate.plugins.module_utils.service import files as disk


@dataclass(frozen=True)
class HostPart:
    """What of the backups stands on every member: directories, files and timers."""

    directories: tuple[Directory, ...]
    files: tuple[ManagedFile, ...]
    timers: tuple[str, ...]


@dataclass
class Outcome:
    """What was done, or would be; ``reconfigured`` when the way to the repository is new."""

    actions: list[str] = field(default_factory=list)
    diff: list[dict[str, str]] = field(default_factory=list)
    reconfigured: bool = False


def converge_host(part: HostPart, *, check: bool) -> Outcome:
    """Mend what differs on this host."""
    outcome = Outcome()
    for directory in part.directories:
        if disk.directory_differs(directory):
            outcome.actions.append(f"set directory {directory.path}")
            if not check:
                disk.make_directory(directory)
    for file in part.files:
        found = disk.look(file.path)
        if disk.differs(file, found):
            outcome.actions.append(f"wrote {file.path}")
            outcome.diff.append(_diff(file, found))
            outcome.reconfigured = outcome.reconfigured or file.secret
            if not check:
                _write(file)
    outcome.actions += _converge_timers(part.timers, check=check)
    return outcome


def converge_repository(member: PgbackrestMember, service: str, *, reconfigured: bool, check: bool) -> list[str]:
    """Do what the repository needs and return it in sentences; only where the leader runs."""
    repository = member.repository()
    if not repository.readable:
        raise Refused(
            f"repository of stanza {repository.stanza}",
            expected="an answer of the object store",
            found=repository.message,
            remedy="see the object store and /etc/erpops/pgbackrest/pgbackrest.conf on this host",
        )
    needed = steps(exists=repository.exists, has_full=repository.has_full, reconfigured=reconfigured)
    if not check:
        for step in needed:
            _take(step, member, service)
    return [step.value for step in needed]


def _take(step: Step, member: PgbackrestMember, service: str) -> None:
    if step is Step.STANZA:
        member.client.stanza_create()
    elif step is Step.CHECK:
        member.client.check()
    else:
        # By the unit that makes every later one: what works here works at night.
        timers.start_service(service)


def result(outcome: Outcome, *, leads: bool, health: Verdict | None) -> dict[str, Any]:
    """Return the module's result."""
    return {
        "changed": bool(outcome.actions),
        "actions": outcome.actions,
        "diff": outcome.diff,
        "leads": leads,
        "health": health.as_dict() if health else {},
    }


def _converge_timers(names: Sequence[str], *, check: bool) -> list[str]:
    if not names:
        return []
    # Read after the files were written: systemd itself knows whether it has seen them, whoever wrote them.
    states = timers.read(names)
    idle = [state.name for state in states if not (state.enabled and state.active)]
    stale = [state.name for state in states if state.stale]
    if not check and (stale or idle):
        timers.reload_files()
    if not check and idle:
        timers.enable(idle)
    return [f"reloaded {name}" for name in stale] + [f"enabled {name}" for name in idle]


def _write(file: ManagedFile) -> None:
    with disk.candidate(file) as path:
        if file.validate:
            timers.run([word.replace("%s", path) for word in file.validate])
        disk.move_into_place(path, file)


def _diff(file: ManagedFile, found: disk.Found) -> dict[str, str]:
    before, after = found.content.decode(errors="replace"), file.content.decode(errors="replace")
    if file.secret:
        before, after = "(secret)\n" if found.exists else "", "(secret, differs)\n"
    return {"before_header": file.path, "after_header": file.path, "before": before, "after": after}
