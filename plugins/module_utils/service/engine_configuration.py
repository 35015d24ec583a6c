# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Makes the Docker engine of this host what it should be."""

from __future__ import annotations

import json
import math
import os
import tempfile
from collections.abc import Mapping, Sequence
from typing import Any

from ansible_collections.erpops.estate.plugins.module_utils.clients import guard
from ansible_collections.erpops.estate.plugins.module_utils.clients.engine_control import EngineControl, Run
from ansible_collections.erpops.estate.plugins.module_utils.clients.errors import ClientError, Refused
from ansible_collections.erpops.estate.plugins.module_utils.policy.docker_engine import (
    Engine,
    Steps,
    known_configuration,
    restart_objection,
    steps,
)

FILE = "/etc/docker/daemon.json"
TRUST = "/etc/docker/certs.d"
RECORD = "/var/lib/erpops/docker_engine/configuration.json"


class EngineConfiguration:
    """One convergence: compare, write, have the engine take it over, record."""

    def __init__(
        self, config: Mapping[str, Any], registries: Sequence[Mapping[str, Any]], run: Run, *, dry: bool
    ) -> None:
        self._config = config
        self._registries = registries
        self._control = EngineControl(run)
        self._dry = dry
        self._actions: list[str] = []

    def converge(self) -> dict[str, Any]:
        """Do what is needed and return the module's result."""
        installed = self._control.installed()
        before = _read(FILE)
        after = json.dumps(self._config, indent=2, sort_keys=True) + "\n"
        engine, enabled = self._observe(before) if installed else (Engine(False, None), True)
        todo = steps(self._config, engine) if installed else Steps()
        self._trust()
        if before != after:
            self._do(f"write {FILE}", lambda: self._write_checked(after, checked=installed))
        if installed and not enabled:
            self._do("enable at boot", lambda: self._control.systemctl("enable"))
        if todo.start:
            self._do("start", lambda: self._control.systemctl("start"))
        if todo.reload:
            self._do("reload", self._reload)
        if todo.restart:
            self._do("restart", lambda: self._restart(before))
        if installed and not self._dry:
            self._record()
        return {
            "changed": bool(self._actions),
            "installed": installed,
            "actions": self._actions,
            "reasons": list(todo.reasons),
            "version": str(self._control.info().get("ServerVersion", "")) if self._control.unit()[0] else "",
            "diff": {"before": before, "after": after, "before_header": FILE, "after_header": FILE},
        }

    def _do(self, what: str, act: Any) -> None:
        self._actions.append(what)
        if not self._dry:
            act()

    def _observe(self, content: str) -> tuple[Engine, bool]:
        active, enabled, process = self._control.unit()
        if not active or not process:
            return Engine(False, None), enabled
        record = _parsed(_read(RECORD)) or {}
        known = known_configuration(
            _parsed(content),
            _changed_at(FILE),
            record.get("config"),
            record.get("process", 0.0),
            self._control.started_at(process),
        )
        return self._engine(known), enabled

    def _engine(self, known: Mapping[str, Any] | None) -> Engine:
        info = self._control.info()
        return Engine(True, known, bool(info.get("LiveRestoreEnabled")), int(info.get("ContainersRunning") or 0))

    def _trust(self) -> None:
        for registry in self._registries:
            path = os.path.join(TRUST, registry["name"], "ca.crt")
            content = registry["authority"] or _read(registry["authority_file"])
            if not content.strip():
                raise Refused(
                    f"CA of the registry {registry['name']}",
                    expected=f"a certificate in {registry['authority_file']}",
                    found="nothing",
                    remedy="run the certificates role on this host first, or give docker_engine_registry_ca",
                )
            content = content.strip() + "\n"
            if _read(path) != content:
                self._do(f"write {path}", lambda path=path, content=content: _write(path, content))

    def _write_checked(self, content: str, *, checked: bool) -> None:
        if checked:
            with tempfile.NamedTemporaryFile("w", suffix=".json", encoding="utf-8") as candidate:
                candidate.write(content)
                candidate.flush()
                self._control.check(candidate.name)
        _write(FILE, content)

    def _reload(self) -> None:
        self._control.reload(self._control.unit()[2], bool(self._config.get("live-restore")))

    def _restart(self, before: str) -> None:
        guard.about_to_write("the Docker engine", "a restart")
        objection = restart_objection(self._engine(None))
        if objection:
            raise Refused(objection)
        try:
            self._control.systemctl("restart")
        except ClientError:
            # The containers still run; give them their engine back before anything else.
            if before:
                _write(FILE, before)
            else:
                os.unlink(FILE)
            self._control.systemctl("restart")
            raise

    def _record(self) -> None:
        process = self._control.unit()[2]
        started = self._control.started_at(process)
        record = _parsed(_read(RECORD)) or {}
        if record.get("config") != self._config or abs(record.get("process", 0.0) - started) >= 1:
            _write(RECORD, json.dumps({"config": self._config, "process": started}, sort_keys=True) + "\n")


def _read(path: str) -> str:
    try:
        with open(path, encoding="utf-8") as stream:
            return stream.read()
    except FileNotFoundError:
        return ""


def _parsed(content: str) -> dict[str, Any] | None:
    try:
        return dict(json.loads(content))
    except ValueError:
        return None


def _changed_at(path: str) -> float:
    try:
        return os.stat(path).st_mtime
    except FileNotFoundError:
        return math.inf


def _write(path: str, content: str) -> None:
    guard.about_to_write(path, "new content")
    os.makedirs(os.path.dirname(path), mode=0o755, exist_ok=True)
    with open(path + ".new", "w", encoding="utf-8") as stream:
        stream.write(content)
        stream.flush()
        os.fsync(stream.fileno())
    os.chmod(path + ".new", 0o644)
    os.replace(path + ".new", path)
