# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The host's record of what was proven, one JSON file for each service."""

from __future__ import annotations

import contextlib
import json
import os
from dataclasses import asdict, fields
from datetime import UTC, datetime
from typing import Any

from ansible_collections.erpops.estate.plugins.module_utils.clients import guard
from ansible_collections.erpops.estate.plugins.module_utils.policy.converge import Proven

DIRECTORY = "/var/lib/erpops/proven"


class Record:
    """Reads and writes ``<directory>/<service>.json``; it holds digests and paths, never contents."""

    def __init__(self, service: str, directory: str = DIRECTORY) -> None:
        self.path = os.path.join(directory, f"{service}.json")

    def read(self) -> Proven:
        """Return what was last recorded; an absent or torn record proves nothing."""
        try:
            with open(self.path, encoding="utf-8") as stream:
                data = json.load(stream)
        except (FileNotFoundError, ValueError):
            return Proven()
        return Proven(**{entry.name: data[entry.name] for entry in fields(Proven) if entry.name in data})

    def intend(self, what: Proven) -> None:
        """Record, before anything is written, what this run is about to do with the container."""
        self._write(asdict(what))

    def prove(self, what: Proven) -> None:
        """Record that the container was seen healthy with these reloadable aspects."""
        self._write({**asdict(what), "proven_at": datetime.now(UTC).isoformat(timespec="seconds")})

    def forget(self) -> None:
        """Record nothing any more, of a service that this host is no longer to have."""
        guard.about_to_write(self.path, "no record")
        with contextlib.suppress(FileNotFoundError):
            os.remove(self.path)

    def _write(self, data: dict[str, Any]) -> None:
        guard.about_to_write(self.path, "a new record")
        os.makedirs(os.path.dirname(self.path), mode=0o755, exist_ok=True)
        temporary = self.path + ".new"
        with open(temporary, "w", encoding="utf-8") as stream:
            json.dump(data, stream, sort_keys=True)
            stream.flush()
            os.fsync(stream.fileno())
        os.replace(temporary, self.path)


def recorded(directory: str = DIRECTORY) -> list[str]:
    """Return the names of the services that this host has a record of, sorted."""
    try:
        names = os.listdir(directory)
    except FileNotFoundError:
        return []
    return sorted(name.removesuffix(".json") for name in names if name.endswith(".json"))


def asked_by(kind: str, directory: str = DIRECTORY) -> list[dict[str, Any]]:
    """Return by which parameters this host asks each of its services of that kind."""
    health = [Record(name, directory).read().health for name in recorded(directory)]
    return [dict(entry["params"]) for entry in health if entry.get("kind") == kind and entry.get("params")]
