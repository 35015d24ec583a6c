# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What stands on a host beside its containers, directories, files and timers: what differs is mended."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from ansible_collections.erpops.estate.plugins.module_utils.clients import timers
from ansible_collections.erpops.estate.plugins.module_utils.policy.definition import Directory, ManagedFile
from ansible_collections.erpops.estate.plugins.module_utils.policy.drift.units import kept
from ansible_collections.erpops.estate.plugins.module_utils.service import files as disk


def _entries(mode: str, **more: Any) -> dict[str, Any]:
    """Return the spec of a list of directories or files."""
    options = {
        "path": {"type": "path", "required": True},
        "owner": {"type": "int", "default": 0},
        "group": {"type": "int", "default": 0},
        "mode": {"type": "str", "default": mode},
        **more,
    }
    return {"type": "list", "elements": "dict", "default": [], "options": options}


def _files(mode: str, *, secret: bool) -> dict[str, Any]:
    """Return the spec of a list of files."""
    content = {"type": "str", "required": True, "no_log": secret}
    return _entries(mode, content=content, validate={"type": "list", "elements": "str"})


# Options of every module that converges such a part.
HOST_PART_SPEC: dict[str, Any] = {
    "directories": _entries("0755"),
    "files": _files("0644", secret=False),
    # The list is not secret, the contents in it are.
    "secret_files": {**_files("0400", secret=True), "no_log": False},
    "timers": {"type": "list", "elements": "str", "default": []},
}


@dataclass(frozen=True)
class HostPart:
    """Directories, files and timers."""

    directories: tuple[Directory, ...]
    files: tuple[ManagedFile, ...]
    timers: tuple[str, ...]


@dataclass
class Outcome:
    """What was done, or would be; ``reconfigured`` when the way to the repository is new.

    ``units`` are the files of systemd that are kept here.
    """

    actions: list[str] = field(default_factory=list)
    diff: list[dict[str, str]] = field(default_factory=list)
    reconfigured: bool = False
    units: list[str] = field(default_factory=list)


def converge_host(part: HostPart, *, check: bool) -> Outcome:
    """Mend what differs on this host."""
    outcome = Outcome(units=kept(file.path for file in part.files))
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


def with_program(part: HostPart, path: str, content: bytes) -> HostPart:
    """Return the part with a program beside its files; it is written first, since units name it."""
    program = ManagedFile(path, content, 0, 0, 0o644, "none", False, (), False)
    return replace(part, files=(program, *part.files))


def _managed_file(entry: Mapping[str, Any], *, secret: bool) -> ManagedFile:
    """Return the file that an entry describes."""
    return ManagedFile(
        path=entry["path"],
        content=entry["content"].encode(),
        owner=entry["owner"],
        group=entry["group"],
        mode=int(entry["mode"], 8),
        on_change="none",
        once=False,
        validate=tuple(entry["validate"] or ()),
        secret=secret,
    )


def host_part(params: Mapping[str, Any]) -> HostPart:
    """Return what should stand on this host."""
    return HostPart(
        directories=tuple(
            Directory(entry["path"], entry["owner"], entry["group"], int(entry["mode"], 8))
            for entry in params["directories"]
        ),
        files=tuple(_managed_file(entry, secret=True) for entry in params["secret_files"])
        + tuple(_managed_file(entry, secret=False) for entry in params["files"]),
        timers=tuple(params["timers"]),
    )


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
    if file.secret or "\0" in before + after:
        kind = "secret" if file.secret else "binary"
        before, after = f"({kind})\n" if found.exists else "", f"({kind}, differs)\n"
    return {"before_header": file.path, "after_header": file.path, "before": before, "after": after}
