# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How large things are and how many, for roles: answers of backup, host_sizes, redis_sentinel and sizing in policy."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ansible.errors import AnsibleFilterError
from ansible.module_utils.parsing.convert_bool import boolean
from ansible_collections.erpops.estate.plugins.module_utils.policy import backup, host_sizes, redis_sentinel, sizing
from ansible_collections.erpops.estate.plugins.module_utils.policy.planes import service_address
from ansible_collections.erpops.estate.plugins.module_utils.policy.said import said
from ansible_collections.erpops.estate.plugins.plugin_utils.estate_hosts import host_of, setting, survey_of


def backup_lock_days(host: str, hostvars: Mapping[str, Any], given: int) -> int:
    """Return for how many days the bucket of the backups locks what is written."""
    groups = hostvars[host]["groups"]
    members, stores = groups.get("patroni", ()), groups.get("object_storage", ())
    kept = backup.Kept(
        int(setting(members, hostvars, "backup_retention_full")),
        str(setting(members, hostvars, "backup_full_calendar")),
        here=backup.go_here(
            archived=bool(boolean(said(members, hostvars, "patroni_archive_enabled", True))),
            address=str(said(members, hostvars, "backup_s3_address", "")),
            own=[service_address(hostvars[store], store, "data", "object_storage_address") for store in stores],
        ),
    )
    days = backup.lock_days(int(given), kept)
    if days is None:
        raise AnsibleFilterError(
            f"backup_lock_days: {kept.calendar!r} does not tell how far its dates are apart; give the days"
        )
    return days


def container_limits(host: str, hostvars: Mapping[str, Any]) -> dict[str, int]:
    """Return the memory limit of each container of the estate on a host."""
    return dict(_sizes(host, hostvars).limits)


def odoo_instances(host: str, hostvars: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the instances with everything filled in, workers and limits sized for this host."""
    return [instance.as_dict() for instance in _sizes(host, hostvars).instances]


def max_connections(host: str, hostvars: Mapping[str, Any], given: int = 0) -> dict[str, Any]:
    """Return PostgreSQL's ``max_connections``, given or sized, and the objections to what is given."""
    groups = hostvars[host]["groups"]
    hosts = [host_of(name, hostvars[name]) for name in groups.get("odoo", ())]
    # Another value than in a run that knows them would restart every member, and be taken back by that run.
    if not int(given) and (unknown := host_sizes.unknown(hosts)):
        raise AnsibleFilterError(
            f"max_connections: {', '.join(unknown)}: {host_sizes.UNKNOWN_PROBLEM}. {host_sizes.UNKNOWN_REMEDY}"
        )
    bound = host_sizes.connection_bound(hosts)
    value = int(given) or sizing.max_connections(bound)
    return {"value": value, "objections": sizing.connection_objections(bound, value)}


def processors(host: str, hostvars: Mapping[str, Any]) -> int:
    """Return by how many processors PostgreSQL is sized: those of this member, or of the first one that was seen."""
    members = [host, *hostvars[host]["groups"].get("patroni", ())]
    return host_sizes.cluster_processors(host_of(name, hostvars[name]) for name in members)


def sizing_hosts(reached: Sequence[str], hostvars: Mapping[str, Any]) -> list[str]:
    """Return the hosts beside a run by which it sizes PostgreSQL, and at which it did not look yet."""
    groups = hostvars[reached[0]]["groups"]
    members = groups.get("patroni", ())
    if not set(members).intersection(reached):
        return []
    left_out = [
        name
        for name in dict.fromkeys([*members[:1], *groups.get("odoo", ())])
        if name not in reached and not survey_of(hostvars[name]) and "estate_host_seen" not in hostvars[name]
    ]
    return [name for name in left_out if name == members[0] or host_of(name, hostvars[name]).sizes_workers]


def postgresql_settings(memory_mb: int, cpus: int, connections: int) -> dict[str, dict[str, Any]]:
    """Return PostgreSQL's sizes: ``host`` for the host's file, ``cluster`` for all members."""
    try:
        settings = sizing.postgresql_settings(memory_mb, cpus, connections)
    except ValueError as error:
        raise AnsibleFilterError(str(error)) from error
    return {"host": dict(settings.host), "cluster": dict(settings.cluster)}


def _sizes(host: str, hostvars: Mapping[str, Any]) -> host_sizes.Sizes:
    found = host_of(host, hostvars[host])
    if not found.memory_mb:
        raise AnsibleFilterError(
            f"nothing is known about the memory of {host}: gather its facts, or run tasks_from: preflight of the role "
            "estate first"
        )
    return host_sizes.sizes(found)


class FilterModule:
    """The filters by name."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Return what Jinja2 may call."""
        return {
            "backup_lock_days": backup_lock_days,
            "container_limits": container_limits,
            "max_connections": max_connections,
            "odoo_instances": odoo_instances,
            "postgresql_settings": postgresql_settings,
            "processors": processors,
            "redis_maxmemory": sizing.redis_maxmemory,
            "redis_min_replicas": redis_sentinel.min_replicas,
            "shared_memory_mb": sizing.shared_memory_mb,
            "sizing_hosts": sizing_hosts,
            "wal_settings": sizing.wal_settings,
        }
