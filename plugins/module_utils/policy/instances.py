# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an entry of ``estate_instances`` means once everything it leaves out is filled in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

VARIABLE = "estate_instances"
# Odoo's own ports: free for one instance; those beside it on the same nodes name others.
HTTP_PORT = 8069
GEVENT_PORT = 8072
# The containers of an instance on each of its nodes.
PROCESSES = ("web", "cron", "jobs")
# Keys whose default is a variable of the role odoo, its name behind the prefix; a mapping adds to that variable's.
PREFIX = "odoo_"
SINGLE = ("workers", "cron_threads", "job_workers", "languages", "admin_login")
MERGED = ("memory_mb", "cpus", "mail", "parameters", "options")
VARIABLES = tuple(PREFIX + key for key in (*SINGLE, *MERGED))


@dataclass(frozen=True)
class Instance:
    """An instance with nothing left to guess; 0 workers and a limit of 0 MiB are still to be sized for a host."""

    name: str
    host_names: tuple[str, ...]
    url: str
    database: str
    bucket: str
    redis_prefix: str
    modules: tuple[str, ...]
    http_port: int
    gevent_port: int
    workers: int
    cron_threads: int
    job_workers: int
    memory_mb: Mapping[str, int]
    cpus: Mapping[str, float]
    mail: Mapping[str, Any]
    languages: tuple[str, ...]
    parameters: Mapping[str, Any]
    admin_login: str
    options: Mapping[str, Any]

    @classmethod
    def of(cls, item: Mapping[str, Any], variables: Mapping[str, Any] | None = None) -> Instance:
        """Read one entry; ``variables`` has the role's variables (see :data:`VARIABLES`), by their names.

        Nothing is judged here: what is wrong in an entry stays wrong, so that it can be named.
        """
        given = {key: value for key, value in item.items() if value is not None}
        defaults = variables or {}
        name = str(given.get("name", ""))
        host_names = given.get("host_names", ())
        host_names = (host_names,) if isinstance(host_names, str) else host_names
        single = {key: given.get(key, defaults.get(PREFIX + key)) for key in SINGLE}
        merged = {key: {**_mapping(defaults.get(PREFIX + key)), **_mapping(given.get(key))} for key in MERGED}
        return cls(
            name=name,
            host_names=tuple(str(host_name) for host_name in host_names),
            url=f"https://{next(iter(host_names), '')}",
            database=str(given.get("database") or name),
            bucket=str(given.get("bucket") or f"{name}-attachments"),
            redis_prefix=str(given.get("redis_prefix") or f"{name}:"),
            modules=tuple(given.get("modules", ())),
            http_port=given.get("http_port", HTTP_PORT),
            gevent_port=given.get("gevent_port", GEVENT_PORT),
            workers=single["workers"] or 0,
            cron_threads=single["cron_threads"] or 0,
            job_workers=single["job_workers"] or 0,
            memory_mb={**dict.fromkeys(PROCESSES, 0), **merged["memory_mb"]},
            cpus={**dict.fromkeys(PROCESSES, 0), **merged["cpus"]},
            mail=merged["mail"],
            languages=tuple(single["languages"] or ()),
            parameters=merged["parameters"],
            admin_login=str(single["admin_login"] or ""),
            options=merged["options"],
        )

    def as_dict(self) -> dict[str, Any]:
        """Return plain data for roles, in the words of ``estate_instances``."""
        data = asdict(self)
        return {key: list(value) if isinstance(value, tuple) else value for key, value in data.items()}


def instances(items: Any, variables: Mapping[str, Any] | None = None) -> list[Instance]:
    """Return every entry that is a mapping; what is no list or no entry, validation says."""
    items = items if isinstance(items, Sequence) else ()
    return [Instance.of(item, variables) for item in items if isinstance(item, Mapping)]


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
