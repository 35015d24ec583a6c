# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Hands the events of a run to the recorder, and its record to the ledger."""

from __future__ import annotations

DOCUMENTATION = r"""
name: ledger
type: aggregate
short_description: Record each run in the estate's ledger
version_added: "0.1.0"
description:
  - Adds an entry to the ledger when a run begins, one when the change gate lets it through, and one when it ends; the
    last names the record of the run by its digest. A run that was killed has none, and the next run on the same machine
    says so, and what it was about.
  - The entry at the end of a run that changed something on a host before the gate had let it through says so, as
    C(ungated). Playbooks that change nothing by design are those of O(unrecorded).
  - A record has names, times and outcomes of tasks, which hosts they changed, what failed and why, and what tasks of
    the collection declare as evidence. Arguments of tasks are never recorded, nor is anything of a task with
    C(no_log); the values of variables that are called what secrets are called are taken out of every text.
  - A run with C(--check) changes nothing and is not recorded, nor is a playbook of O(unrecorded).
author:
  - erpops.estate contributors (@erpops)
requirements:
  - to be enabled, as C(callbacks_enabled = erpops.estate.ledger) in C(ansible.cfg)
options:
  configuration:
    description: File of JSON that says where the ledger is; see C(docs/ledger.md).
    type: path
    default: /etc/erpops/ledger.json
    env:
      - name: ERPOPS_LEDGER
    ini:
      - section: erpops_ledger
        key: configuration
  unrecorded:
    description: Playbooks that change nothing and are not recorded, by the names of their files without C(.yml).
    type: list
    elements: str
    default: [approve, change_page, drift, launch, ledger_setup, ledger_verify, status, validate]
    env:
      - name: ERPOPS_LEDGER_UNRECORDED
    ini:
      - section: erpops_ledger
        key: unrecorded
"""

import atexit
import os
import pwd
import socket
import time
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from functools import wraps
from typing import Any
from uuid import uuid4

from ansible import context
from ansible.errors import AnsibleError
from ansible.plugins.callback import CallbackBase
from ansible.template import Templar
from ansible_collections.erpops.estate.plugins.module_utils.clients.errors import ClientError
from ansible_collections.erpops.estate.plugins.module_utils.evidence import record, redaction
from ansible_collections.erpops.estate.plugins.module_utils.evidence.recorder import (
    GATE,
    Ending,
    Recorder,
    Status,
    spent,
)
from ansible_collections.erpops.estate.plugins.module_utils.governance.state import release
from ansible_collections.erpops.estate.plugins.module_utils.ledger.runs import Runs
from ansible_collections.erpops.estate.plugins.module_utils.ledger.settings import load
from ansible_collections.erpops.estate.plugins.plugin_utils.recorder import Recording, announce, found_whole

Event = Callable[..., None]


def timed(event: Event) -> Event:
    """Keep how long the plugin has held up the run for this event; nothing where the run is not recorded."""

    @wraps(event)
    def measured(plugin: CallbackModule, *arguments: Any, **named: Any) -> None:
        if plugin.recorder is None:
            return
        start = time.perf_counter()
        try:
            event(plugin, *arguments, **named)
        finally:
            plugin.seconds.append(time.perf_counter() - start)

    return measured


class CallbackModule(CallbackBase):  # type: ignore[misc]  # ansible-core carries no type information
    """A thin edge: what is kept, and of what, is decided in the recorder."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "aggregate"
    CALLBACK_NAME = "erpops.estate.ledger"
    CALLBACK_NEEDS_ENABLED = True

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self.recorder: Recorder | None = None
        self.seconds: list[float] = []
        self._runs: Runs | None = None
        self._plays: list[Any] = []
        self._hosts: dict[str, dict[str, int]] = {}
        self._opening = self._started = time.monotonic()
        self._allowing = 0.0
        self._process = os.getpid()

    def v2_playbook_on_start(self, playbook: Any) -> None:
        """Open the run, unless it changes nothing."""
        name = os.path.basename(str(playbook._file_name))
        configuration = str(self.get_option("configuration"))
        if context.CLIARGS.get("check") or name.rpartition(".")[0] in self.get_option("unrecorded"):
            checked = bool(context.CLIARGS.get("check"))
            fault = "this run changes nothing, and is not recorded"
            announce(Recording(checked=checked, configuration=configuration, fault=fault))
            return
        run, stamp = str(uuid4()), _stamp()
        self._started = time.monotonic()
        origin = _origin()
        try:
            settings = load(configuration)
            self._runs = Runs(settings.ledger(), settings.place())
            about = {"playbook": name, "account": origin["account"], "host": origin["host"], "from": origin.get("from")}
            written = self._runs.open(run, about)
        except (ClientError, ValueError, OSError) as error:
            announce(Recording(fault=str(error)))
            self._display.warning(f"This run is not recorded: {error}")
            return
        if written.trouble:
            kept = "waits in the spool of this machine" if written.spooled else "is in the ledger, not yet everywhere"
            self._display.warning(f"The entry of this run {kept}: {written.trouble}")
        announce(
            Recording(
                loaded=True, run=run, entry=written.n, spool=written.spooled, configuration=configuration, fault=""
            )
        )
        self.seconds, self._plays, self._hosts, self._allowing = [], [], {}, 0.0
        self.recorder = Recorder(run=run, estate=settings.estate, playbook=name, started=stamp, origin=origin)
        self._opening = time.monotonic() - self._started
        # Ansible tells plugins nothing of a run that a person or an error in a playbook ends.
        atexit.register(self._end, record.INTERRUPTED)

    @timed
    def v2_playbook_on_play_start(self, play: Any) -> None:
        """A play begins."""
        self._plays.append(play)
        if self.recorder:
            self.recorder.play(str(play.get_name()))

    @timed
    def v2_playbook_on_task_start(self, task: Any, is_conditional: bool) -> None:  # noqa: ARG002 - Ansible's signature
        """A task begins."""
        self._task(task)

    @timed
    def v2_playbook_on_handler_task_start(self, task: Any) -> None:
        """A handler begins."""
        self._task(task)

    @timed
    def v2_runner_on_ok(self, result: Any) -> None:
        """A task is done on a host."""
        asked = result._task.resolved_action == GATE
        if asked:
            found_whole(str(result._result.get("verified", "")))
        self._result(result, Status.CHANGED if result.is_changed() else Status.OK)
        # Whoever lets the task pass in spite of a no, or asks only, was not let through.
        if asked and not result._task.check_mode and (result._result.get("verdict") or {}).get("ok") is True:
            self._allow()

    @timed
    def v2_runner_on_skipped(self, result: Any) -> None:
        """A task is not for a host."""
        self._result(result, Status.SKIPPED)

    @timed
    def v2_runner_on_failed(self, result: Any, **how: bool) -> None:
        """A task failed on a host; the run may go on regardless."""
        self._result(result, Status.IGNORED if how.get("ignore_errors") else Status.FAILED)

    @timed
    def v2_runner_on_unreachable(self, result: Any) -> None:
        """A host does not answer."""
        self._result(result, Status.UNREACHABLE)

    def v2_playbook_on_stats(self, stats: Any) -> None:
        """The run has ended."""
        self._hosts = {str(host): stats.summarize(host) for host in sorted(stats.processed)}
        bad = any(counted["failures"] or counted["unreachable"] for counted in self._hosts.values())
        self._end(record.FAILED if bad else record.SUCCEEDED)

    def _task(self, task: Any) -> None:
        if self.recorder:
            self.recorder.task(
                str(task._uuid), str(task.get_name()), str(task.resolved_action or task.action), self._at()
            )

    def _result(self, result: Any, status: Status) -> None:
        if self.recorder is None:
            return
        found = result._result
        hidden = bool(found.get("censored") or found.get("_ansible_no_log") or result._task.no_log is True)
        self.recorder.result(
            str(result._task._uuid),
            result._host.get_name(),
            status,
            self._at(),
            message="" if hidden else str(found.get("msg", "")),
            evidence=None if hidden else found.get("evidence"),
        )
        # What a task in check mode calls a change is none; which mode a template means is not known here.
        if result.is_changed() and result._task.check_mode is not True:
            self.recorder.changed()

    def _allow(self) -> None:
        """Name in the ledger what was let through, before it is begun: a run that is killed leaves no record."""
        if self.recorder is None or self._runs is None:
            return
        self.recorder.let_through()
        began = time.perf_counter()
        try:
            if self._runs.allow(self.recorder.run, self.recorder.about()):
                self._allowing += time.perf_counter() - began
        except (ClientError, ValueError, OSError) as error:
            self._display.warning(f"The ledger does not have what this run is about, should it be killed: {error}")

    def _end(self, outcome: str) -> None:
        recorder, self.recorder = self.recorder, None
        # A task's process ends as this one does, and has a copy of the recorder.
        if recorder is None or self._runs is None or os.getpid() != self._process:
            return
        began = time.perf_counter()
        ending = Ending(self._at(), _stamp(), outcome, self._hosts)
        data = recorder.finish(
            ending, secrets=set(self._secrets()), spent=spent(self.seconds, self._opening, self._allowing)
        )
        data["spent"]["ending_ms"] = round((time.perf_counter() - began) * 1000)
        fields = {
            **recorder.about(),
            **recorder.ungated(self._claimed()),
            "outcome": outcome,
            "changed": sum(len(step["changed"]) for step in data["steps"]),
            "seconds": round(ending.at),
        }
        if data["verdicts"]:
            self._release(recorder.run)
        try:
            written = self._runs.close(recorder.run, fields, record.dump(data))
        except (ClientError, ValueError, OSError) as error:
            self._display.warning(f"The end of this run could not be recorded: {error}")
            return
        where = "spool" if written.spooled else "ledger"
        self._display.v(f"Entry {written.n} of the {where} names the record of this run, {recorder.run}.")

    def _release(self, run: str) -> None:
        """Give the change lock back, which the gate has taken for this run."""
        try:
            release(str(self.get_option("configuration")), run)
        except ClientError as error:
            self._display.warning(f"The change lock ends by itself, it could not be given back: {error}")

    def _claimed(self) -> str:
        """Return the change that the run was called with."""
        return str(self._plays[-1].get_variable_manager().extra_vars.get("change") or "") if self._plays else ""

    def _at(self) -> float:
        return time.monotonic() - self._started

    def _secrets(self) -> Iterator[str]:
        """Yield the values of all variables that are called what secrets are called."""
        if not self._plays:
            return
        manager = self._plays[-1].get_variable_manager()
        inventory = manager._inventory
        hosts = {host.get_name(): host for host in (*inventory.get_hosts(), inventory.get_host("localhost")) if host}
        for_all: dict[str, Any] = {}
        for play in self._plays:
            for_all |= manager.get_vars(play=play, include_hostvars=False)
        for variables in (for_all, *(manager.get_vars(host=host, include_hostvars=False) for host in hosts.values())):
            templar = Templar(loader=self._plays[-1].get_loader(), variables={**for_all, **variables})
            for name, raw in variables.items():
                if redaction.is_secret(name):
                    yield from redaction.values(name, _resolved(raw, templar))
                elif isinstance(raw, dict | list):
                    yield from redaction.values(name, raw)


def _resolved(raw: Any, templar: Templar) -> Any:
    try:
        return [raw, templar.template(raw)]
    except AnsibleError:
        # What cannot be resolved was not used either.
        return raw


def _stamp() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _origin() -> dict[str, Any]:
    """Return who runs this and from where, as far as this machine can tell. It proves nothing: the gate does."""
    environment: Mapping[str, str] = os.environ
    try:
        account = pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        account = str(os.getuid())
    known = {
        "account": account,
        "host": socket.gethostname(),
        "from": environment.get("SSH_CONNECTION", "").partition(" ")[0],
        "awx_job": environment.get("JOB_ID", ""),
        "limit": str(context.CLIARGS.get("subset") or ""),
        "tags": sorted(context.CLIARGS.get("tags") or ()),
    }
    return {name: value for name, value in known.items() if value}
