# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""etcdutl, in the container of this host's member: it knows what a database file holds."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Sequence
from typing import Any

from ansible_collections.erpops.estate.plugins.module_utils.clients.errors import MissingFile, Refused

# Where the container sees the member's data; its host side is the place through which files get in.
DATA = "/var/lib/etcd"


class EtcdutlClient:
    """Runs etcdutl in one container."""

    def __init__(self, container: str) -> None:
        self._container = container

    def data_directory(self) -> str:
        """Return the host's directory that the container sees as :data:`DATA`."""
        mounts = json.loads(self._docker("inspect", "--format", "{{json .Mounts}}", self._container))
        for mount in mounts:
            if mount["Destination"] == DATA:
                return str(mount["Source"])
        found = ", ".join(mount["Destination"] for mount in mounts) or "nothing"
        raise MissingFile(f"container {self._container}", expected=f"{DATA} to be mounted", found=found)

    def snapshot_status(self, name: str) -> dict[str, Any]:
        """Return ``hash``, ``revision``, ``totalKey`` and ``totalSize`` of a file below :data:`DATA`."""
        command = ("etcdutl", "snapshot", "status", f"{DATA}/{name}", "--write-out=json")
        found: dict[str, Any] = json.loads(self._docker("exec", self._container, *command))
        return found

    def _docker(self, *arguments: str) -> str:
        command: Sequence[str] = ("docker", *arguments)
        try:
            done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)
        except (OSError, subprocess.TimeoutExpired) as error:
            raise Refused(f"docker {arguments[0]} {self._container}", expected="an answer", found=str(error)) from error
        if done.returncode != 0:
            raise Refused(
                f"docker {arguments[0]} {self._container}",
                expected="exit status 0",
                found=f"{done.returncode}: {done.stderr.strip()[-500:]}",
                remedy="run this on a host of the cluster, where the container runs",
            )
        return done.stdout
