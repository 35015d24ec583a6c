# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One service on this host, from what it is to what it should be.

The order of the acts is what makes an interrupted run heal itself: the intent is recorded before the
first write, and the record of health is written last.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from ansible_collections.erpops.estate.plugins.module_utils.clients.docker_engine import Engine
from ansible_collections.erpops.estate.plugins.module_utils.clients.errors import Refused, TimedOut
from ansible_collections.erpops.estate.plugins.module_utils.health.verdict import Verdict
from ansible_collections.erpops.estate.plugins.module_utils.members.base import Member
from ansible_collections.erpops.estate.plugins.module_utils.policy.converge import (
    Action,
    Decision,
    Desired,
    HandEdit,
    Observed,
    Proven,
    decide,
)
from ansible_collections.erpops.estate.plugins.module_utils.policy.definition import Definition, Directory, ManagedFile
from ansible_collections.erpops.estate.plugins.module_utils.service import files as disk
from ansible_collections.erpops.estate.plugins.module_utils.service.gate import pass_gate
from ansible_collections.erpops.estate.plugins.module_utils.service.record import Record
from ansible_collections.erpops.estate.plugins.module_utils.waiting import wait_for

# Without a health predicate a container that stays up this long counts as healthy.
SETTLE_SECONDS = 2.0


@dataclass(frozen=True)
class Survey:
    """What differs, and what is to be done about it."""

    desired: Desired
    observed: Observed
    decision: Decision
    files: tuple[tuple[ManagedFile, disk.Found], ...]
    directories: tuple[Directory, ...]
    reload_proven: dict[str, str]

    @property
    def changed(self) -> bool:
        """Return whether carrying it out changes the host."""
        decided = self.decision.action is not Action.NONE or bool(self.decision.limits)
        return decided or bool(self.files) or bool(self.directories)


class Converger:
    """Surveys one service and carries out what the survey found."""

    def __init__(self, definition: Definition, engine: Engine, record: Record, member: Member | None) -> None:
        self.definition = definition
        self.engine = engine
        self.record = record
        self.member = member
        self.actions: list[str] = []

    def survey(self) -> Survey:
        """Compare what is desired with what is there. Reads only."""
        definition = self.definition
        observed = self.engine.observe(definition.name)
        watched = {path: disk.fingerprint(path) for path in definition.watches}
        desired = definition.desired(self.engine.image_identity(definition.image), watched)
        looked = [(file, disk.look(file.path)) for file in definition.files]
        found = [(disk.kept(file, state), state) for file, state in looked]
        edits = tuple(
            HandEdit(file.path, file.on_change, state.changed_at)
            for file, state in found
            # A file whose wanted content is new is no hand's work: its aspect differs, which says enough.
            if not file.once and disk.content_differs(file, state) and self._was_written(file, observed, desired)
        )
        observed = replace(observed, edits=edits)
        proven = self.record.read()
        return Survey(
            desired=desired,
            observed=observed,
            decision=decide(desired, observed, proven),
            files=tuple((file, state) for file, state in found if disk.differs(file, state)),
            directories=tuple(entry for entry in definition.directories if disk.directory_differs(entry)),
            reload_proven=dict(proven.reload),
        )

    def _was_written(self, file: ManagedFile, observed: Observed, desired: Desired) -> bool:
        if file.on_change == "replace":
            return observed.aspects.get(file.path) == desired.replace[file.path]
        if file.on_change == "reload":
            return self.record.read().reload.get(file.path) == desired.reload[file.path]
        return True

    def carry_out(self, survey: Survey, *, gate_timeout: float) -> Verdict:
        """Do what the survey found and return the health that was seen at the end."""
        definition, decision = self.definition, survey.decision
        fresh = decision.action in (Action.CREATE, Action.REPLACE)
        if fresh and not self.engine.has_image(definition.image):
            self.engine.pull(definition.image)
            self.actions.append(f"pulled {definition.image}")
        for directory in survey.directories:
            disk.make_directory(directory)
            self.actions.append(f"set directory {directory.path}")
        self._validate_files(survey)
        if decision.action is Action.REPLACE:
            self.actions += pass_gate(definition.name, self.member, gate_timeout)
        self._intend(survey)
        self._write_files(survey)
        if decision.limits and not fresh:
            self.engine.set_limits(definition.name, decision.limits)
            self.actions.append(f"set limits {dict(decision.limits)}")
        container = self._act(decision.action, survey)
        health = self._wait_for_health()
        if decision.action is not Action.NONE:
            self.record.prove(self._proven(container, survey.desired.reload))
        return health

    def passwords_read_anew(self, survey: Survey) -> Survey:
        """Return of the survey the secrets that the daemon reads each time it needs them.

        Who they are shown to may know the new ones already, and then the gate of a member waits for a healthy cluster
        that only these files make healthy again: they are written without waiting for the container's turn.
        """
        files = tuple((file, found) for file, found in survey.files if file.secret and file.on_change == "none")
        return replace(survey, files=files)

    def write(self, survey: Survey) -> None:
        """Write the survey's files, each after the daemon's own check, and nothing else."""
        self._validate_files(survey)
        self._write_files(survey)

    def _intend(self, survey: Survey) -> None:
        """Record what is about to be done, and before the first creation at least how the service is asked."""
        action, container = survey.decision.action, survey.observed.container
        if action in (Action.REPLACE, Action.RELOAD):
            self.record.intend(replace(self._proven(container, survey.reload_proven), pending=action.value))
        elif action is Action.CREATE:
            self.record.intend(self._proven("", {}))

    def _proven(self, container: str, reload: Mapping[str, str]) -> Proven:
        return Proven(container, dict(reload), health=self.definition.health)

    def _validate_files(self, survey: Survey) -> None:
        """Let the daemon's own check refuse a file before anything is recorded or replaced."""
        for file, _found in survey.files:
            if not file.validate:
                continue
            if not self.engine.has_image(self.definition.image):
                self.engine.pull(self.definition.image)
            with disk.candidate(file) as path:
                inside = self.definition.in_container(path)
                self.engine.check(self.definition, [word.replace("%s", inside) for word in file.validate])

    def _write_files(self, survey: Survey) -> None:
        for file, _found in survey.files:
            with disk.candidate(file) as path:
                disk.move_into_place(path, file)
            self.actions.append(f"wrote {file.path}")

    def _act(self, action: Action, survey: Survey) -> str:
        """Bring the container to its state and return its id."""
        name = self.definition.name
        if action in (Action.CREATE, Action.REPLACE):
            if survey.observed.container:
                self.engine.stop_and_remove(name, self.definition.stop_timeout)
            # A local image has its id only now that it is certainly here.
            image = self.engine.image_identity(self.definition.image)
            container = self.engine.create(self.definition, {**survey.desired.replace, "image": image})
            self.engine.start(name)
            self.actions.append("replaced the container" if survey.observed.container else "created the container")
            return container
        if action is Action.START:
            self.engine.start(name)
            self.actions.append("started the container")
        elif action is Action.RELOAD:
            self._reload()
        return survey.observed.container

    def _reload(self) -> None:
        how = self.definition.reload
        if how.get("signal"):
            self.engine.signal(self.definition.name, how["signal"])
        elif how.get("exec"):
            self.engine.execute(self.definition.name, how["exec"])
        else:
            raise Refused(
                f"reload of {self.definition.name}",
                expected="definition.reload with a signal or a command",
                found="neither",
                remedy="set definition.reload, or on_change: replace for these files",
            )
        self.actions.append("reloaded")

    def _wait_for_health(self) -> Verdict:
        check = self._still_running if self.member is None else self.member.health
        verdict = wait_for(check, self.definition.health_timeout)
        if not verdict.ok:
            state = self.engine.observe(self.definition.name)
            running = "it is running" if state.running else "it is not running"
            raise TimedOut(
                f"health of {self.definition.name}",
                expected=f"healthy within {self.definition.health_timeout:.0f} s",
                found="; ".join(verdict.reasons) or "no answer",
                remedy=f"{running}; see docker logs {self.definition.name} on this host",
            )
        return verdict

    def _still_running(self) -> Verdict:
        state = self.engine.observe(self.definition.name)
        if not state.running:
            return Verdict(False, (f"container {self.definition.name} is not running",))
        age = time.time() - state.started_at
        return Verdict.of(
            () if age >= SETTLE_SECONDS else (f"container {self.definition.name} is up for {age:.1f} s only",)
        )


def diff_of(survey: Survey) -> list[dict[str, str]]:
    """Return the survey for ``--diff``; the content of a secret file is never in it."""
    shown: list[dict[str, str]] = []
    for file, found in survey.files:
        before, after = found.content.decode(errors="replace"), file.content.decode(errors="replace")
        if file.secret:
            before = "(secret)\n" if found.exists else ""
            after = before if not disk.content_differs(file, found) else "(secret, differs)\n"
        before_mode = f"# {found.owner}:{found.group} {found.mode:o}\n" if found.exists else ""
        after_mode = f"# {file.owner}:{file.group} {file.mode:o}\n"
        if before_mode != after_mode:
            before, after = before_mode + before, after_mode + after
        shown.append({"before_header": file.path, "after_header": file.path, "before": before, "after": after})
    before_lines, after_lines = _aspect_lines(survey)
    if before_lines != after_lines:
        header = {"before_header": "container", "after_header": "container"}
        shown.append({**header, "before": before_lines, "after": after_lines})
    return shown


def _aspect_lines(survey: Survey) -> tuple[str, str]:
    if survey.decision.action is Action.NONE and not survey.decision.limits:
        return "", ""
    before: dict[str, Any] = {**survey.observed.aspects, **survey.observed.limits}
    after: dict[str, Any] = {**survey.desired.replace, **survey.desired.limits}
    before["running"], after["running"] = survey.observed.running, True

    def lines(values: dict[str, Any]) -> str:
        return "".join(f"{name}: {value}\n" for name, value in sorted(values.items()))

    return lines(before) if survey.observed.container else "", lines(after)
