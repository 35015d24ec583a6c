# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An instance of Odoo as its files and containers on this host show it.

Whoever looks after an instance needs its name alone: database, image, addresses and credentials are where the
instance's own containers find them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ansible_collections.erpops.estate.plugins.module_utils.clients.docker_engine import Engine
from ansible_collections.erpops.estate.plugins.module_utils.clients.errors import MissingFile, Refused, Unreachable
from ansible_collections.erpops.estate.plugins.module_utils.clients.odoo import OdooClient
from ansible_collections.erpops.estate.plugins.module_utils.clients.odoo_command import Odoo
from ansible_collections.erpops.estate.plugins.module_utils.clients.odoo_database import Database
from ansible_collections.erpops.estate.plugins.module_utils.clients.odoo_http import Json2, key_in
from ansible_collections.erpops.estate.plugins.module_utils.policy.odoo_files import (
    Settings,
    published,
    read,
    variables,
)

# How a module says which instance it means, and with which key it works on records. A file's path is no secret.
HOST_SPEC: dict[str, Any] = {"name": {"type": "str", "required": True}, "directory": {"type": "path"}}
KEY_SPEC: dict[str, Any] = {"api_key_file": {"type": "path", "required": True, "no_log": False}}
ODOO_UID = 907
HTTP, GEVENT = 8069, 8072
# Each instance's directory here is its own data directory; only the container's user and root may enter it.
DATA = Path("/var/lib/erpops/odoo")
NAME = re.compile(r"[a-z][a-z0-9_-]*")


@dataclass(frozen=True)
class Container:
    """One container of the instance: its image by digest, and where this host publishes it."""

    name: str
    image: str
    running: bool
    environment: Mapping[str, str]
    http: tuple[str, int] | None
    gevent: tuple[str, int] | None


class _Containers(Engine):
    """The engine of this host, asked about Odoo's containers."""

    def describe(self, name: str) -> Container | None:
        """Return the container of this name, None when there is none."""
        with self._asking(f"container {name}"):
            try:
                info = self._api.inspect_container(name)
            except self._errors.NotFound:
                return None
        ports = info["NetworkSettings"].get("Ports") or {}
        return Container(
            name=name,
            image=info["Config"]["Image"],
            running=bool(info["State"]["Running"]),
            environment=variables(info["Config"].get("Env") or []),
            http=published(ports, HTTP),
            gevent=published(ports, GEVENT),
        )


class OdooHost:
    """One instance on this host."""

    def __init__(self, name: str, directory: str | None = None) -> None:
        if not NAME.fullmatch(name):
            raise Refused(f"instance {name!r}", expected="the name of an instance, as in estate_instances")
        self.name = name
        self.directory = Path(directory or f"/etc/erpops/odoo/{name}")

    def settings(self, process: str = "web") -> Settings:
        """Return what the configuration of one of its containers says."""
        path = self.directory / f"{process}.conf"
        try:
            return read(path.read_text(encoding="utf-8"), str(path))
        except OSError as error:
            raise MissingFile(
                f"instance {self.name}",
                expected=f"its configuration {path} on this host",
                found=str(error.strerror),
                remedy="run the module on a host of the group odoo, as root",
            ) from None
        except ValueError as error:
            raise Refused(f"instance {self.name}", found=str(error)) from None

    def unknown_requests(self) -> str:
        """Return what Odoo on this host noted of requests of which it does not know what became, a line for each."""
        path = DATA / self.name / "unknown_requests.jsonl"
        try:
            return path.read_text(encoding="utf-8") if path.exists() else ""
        except OSError as error:
            raise MissingFile(f"instance {self.name}", expected=f"to read {path}", found=str(error.strerror)) from None

    def container(self, process: str) -> Container | None:
        """Return the container of this kind on this host."""
        return _Containers().describe(f"odoo_{self.name}_{process}")

    def web(self) -> OdooClient:
        """Return the way to the web container on this host."""
        container = self.container("web")
        if container is None or container.http is None or not container.running:
            raise Unreachable(
                f"odoo_{self.name}_web",
                expected="its container to run on this host",
                found="none" if container is None else "one that is stopped",
                remedy="ask a host where the instance serves, or see docker ps here",
            )
        return OdooClient(container.name, *container.http, container.gevent[1] if container.gevent else 0)

    def running(self, image: str) -> str:
        """Return the name of its web container here where that runs this image now, or ""."""
        container = self.container("web")
        return container.name if container and container.running and container.image == image else ""

    def json2(self, api_key_file: str) -> Json2:
        """Return JSON-2 at the web container on this host, with the key in this file."""
        return self.web().json2(self.settings().database, key_in(api_key_file))

    def look(self) -> Database:
        """Return a connection to its database on which nothing can be written."""
        return self.database(read_only=True)

    def database(self, *, read_only: bool = False) -> Database:
        """Return a connection to its database on the member that takes writes, as the instance itself."""
        name = self.settings().database
        database = Database.service(
            f"database {name}",
            service_file=str(self.directory / "pg_service.conf"),
            service=self.name,
            database=name,
        )
        if read_only:
            database.forbid_writes()
        return database

    def command(self, what: str, *, image: str = "", environment: Mapping[str, str] | None = None) -> Odoo:
        """Return how a container for one command is made: like the instance's own."""
        container = self.container("web")
        if container is None and not image:
            raise Refused(what, expected=f"the container odoo_{self.name}_web on this host, or an image", found="none")
        own: Mapping[str, Any] = container.environment if container else {}
        return Odoo(
            what=what,
            image=image or (container.image if container else ""),
            uid=ODOO_UID,
            config_target=str(self.directory),
            config_files={
                path.name: path.read_text(encoding="utf-8") for path in self.directory.iterdir() if path.is_file()
            },
            mounts={self.settings().ca_file: f"{self.settings().ca_file}:ro"},
            environment={**own, **(environment or {})},
        )
