# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The answers of policy/sizing.py for roles."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import Any

from ansible.errors import AnsibleFilterError
from ansible_collections.erpops.estate.plugins.module_utils.policy import sizing


def memory_share(limits: Sequence[float | None], services: Collection[str], service: str) -> int:
    """Return what one service gets of the smallest of the limits."""
    try:
        return sizing.memory_shares(sizing.usable_memory_mb(*limits), services)[service]
    except (KeyError, ValueError) as error:
        raise AnsibleFilterError(f"memory_share: {error}") from error


def postgresql_settings(memory_mb: int, cpus: int, connections: int) -> dict[str, dict[str, Any]]:
    """Return PostgreSQL's sizes: ``host`` for the host's file, ``cluster`` for all members."""
    try:
        settings = sizing.postgresql_settings(memory_mb, cpus, connections)
    except ValueError as error:
        raise AnsibleFilterError(str(error)) from error
    return {"host": dict(settings.host), "cluster": dict(settings.cluster)}


class FilterModule:
    """The filters by name."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Return what Jinja2 may call."""
        return {
            "connection_objections": sizing.connection_objections,
            "max_connections": sizing.max_connections,
            "memory_share": memory_share,
            "odoo_connection_bound": sizing.odoo_connection_bound,
            "odoo_workers": sizing.odoo_workers,
            "postgresql_settings": postgresql_settings,
            "shared_memory_mb": sizing.shared_memory_mb,
            "wal_settings": sizing.wal_settings,
        }
