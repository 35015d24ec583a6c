# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""PostgreSQL's effective settings as a member itself tells them. Reads only."""

from __future__ import annotations

from typing import Any

from ansible_collections.erpops.estate.plugins.module_utils.clients.odoo_database import Database

# What is configured, not what this very session shows: one by a Unix socket shows keepalives of TCP as 0.
# What nobody set has no file, and its default is not told: only what somebody set can differ, or what was asked for.
SETTINGS = """
SELECT name, reset_val, unit, vartype, source, sourcefile, pending_restart FROM pg_settings
WHERE source NOT IN ('default', 'client', 'session') OR pending_restart OR name = ANY(%s)
"""
OVERRIDES = """
SELECT coalesce(r.rolname, ''), coalesce(d.datname, ''), s.setconfig FROM pg_db_role_setting s
LEFT JOIN pg_roles r ON r.oid = s.setrole LEFT JOIN pg_database d ON d.oid = s.setdatabase ORDER BY 1, 2
"""


def effective(database: Database, names: list[str]) -> dict[str, dict[str, Any]]:
    """Return by name what is set, and the named ones whether they are set or not."""
    keys = ("setting", "unit", "vartype", "source", "sourcefile", "pending_restart")
    return {name: dict(zip(keys, values, strict=True)) for name, *values in database.rows(SETTINGS, names)}


def overrides(database: Database) -> list[dict[str, Any]]:
    """Return what single roles and databases have set for themselves; a name is empty where it is all of them."""
    return [
        {"role": role, "database": name, "settings": list(settings)}
        for role, name, settings in database.rows(OVERRIDES)
    ]


def leads(database: Database) -> bool:
    """Return whether the member takes writes."""
    return not database.rows("SELECT pg_is_in_recovery()")[0][0]
