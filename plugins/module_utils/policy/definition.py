# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a service should be on this host, as typed data made from a module's parameters."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.erpops.estate.plugins.module_utils.policy.converge import Desired, digest

MIB = 1024 * 1024

# Microseconds; the kernel's default, in which a quota of one period is one core.
CPU_PERIOD = 100_000

# The parts of a definition that a running container cannot take over: each is an aspect of its own.
FIXED_AT_CREATION = (
    "command",
    "user",
    "network",
    "ports",
    "env",
    "mounts",
    "tmpfs",
    "capabilities",
    "shm_size_mb",
    "ulimits",
    "pids",
    "init",
    "stop_signal",
    "stop_timeout",
)


@dataclass(frozen=True)
class ManagedFile:
    """One file on the host; ``content`` is what it should hold, ``secret`` keeps it out of every output.

    With ``keeps_drained`` servers that were taken out of service in it stay so.
    """

    path: str
    content: bytes
    owner: int
    group: int
    mode: int
    on_change: str
    once: bool
    validate: tuple[str, ...]
    secret: bool
    keeps_drained: bool = False

    def aspect(self) -> str:
        """Return the digest that stands for the content."""
        return hashlib.sha256(self.content).hexdigest()[:16]


@dataclass(frozen=True)
class Directory:
    """One directory on the host, with numeric ids."""

    path: str
    owner: int
    group: int
    mode: int


@dataclass(frozen=True)
class Definition:
    """The whole of what a service should be."""

    name: str
    image: str
    options: Mapping[str, Any]
    directories: tuple[Directory, ...]
    files: tuple[ManagedFile, ...]
    watches: Mapping[str, str]
    limits: Mapping[str, int]
    reload: Mapping[str, Any]
    health: Mapping[str, Any]
    health_timeout: float
    stop_timeout: int = field(default=10)

    @classmethod
    def from_params(cls, name: str, params: Mapping[str, Any]) -> Definition:
        """Return the definition that a module's ``definition`` parameter describes."""
        files = [_managed_file(entry, secret=False) for entry in params["files"]]
        files += [_managed_file(entry, secret=True) for entry in params["secret_files"]]
        return cls(
            name=name,
            image=params["image"],
            options={key: params[key] for key in FIXED_AT_CREATION},
            directories=tuple(
                Directory(entry["path"], entry["owner"], entry["group"], int(entry["mode"], 8))
                for entry in params["directories"]
            ),
            files=tuple(files),
            watches={entry["path"]: entry["on_change"] for entry in params["watches"]},
            limits={
                "memory": (params["memory_mb"] or 0) * MIB,
                "cpu_quota": round((params["cpus"] or 0) * CPU_PERIOD),
            },
            reload=params["reload"] or {},
            health=params["health"] or {},
            health_timeout=params["health_timeout"],
            stop_timeout=params["stop_timeout"],
        )

    def desired(self, image_identity: str, watched: Mapping[str, str]) -> Desired:
        """Return the aspects; ``watched`` holds the digest of each watched file by path."""
        replace = {"image": image_identity}
        # An absent option is no aspect: a new option of this module restarts nothing that does not use it.
        replace.update({key: digest(value) for key, value in self.options.items() if value not in (None, [], {})})
        reload: dict[str, str] = {}
        by_change = {"replace": replace, "reload": reload, "none": {}}
        for file in self.files:
            if not file.once:
                by_change[file.on_change][file.path] = file.aspect()
        for path, on_change in self.watches.items():
            by_change[on_change][path] = watched[path]
        return Desired(replace=replace, reload=reload, limits=self.limits, health=self.health)

    def in_container(self, path: str) -> str:
        """Return where a path of the host is seen inside the container; the path itself when it is not mounted."""
        for mount in sorted(self.options["mounts"] or [], key=lambda entry: len(entry["source"]), reverse=True):
            source = mount["source"].rstrip("/")
            if path == source or path.startswith(source + "/"):
                return str(mount["target"]).rstrip("/") + path[len(source) :]
        return path


def _managed_file(entry: Mapping[str, Any], *, secret: bool) -> ManagedFile:
    return ManagedFile(
        path=entry["path"],
        content=entry["content"].encode(),
        owner=entry["owner"],
        group=entry["group"],
        mode=int(entry["mode"], 8),
        on_change=entry["on_change"],
        once=entry["once"],
        validate=tuple(entry["validate"] or ()),
        secret=secret,
        keeps_drained=bool(entry.get("keeps_drained")),
    )
