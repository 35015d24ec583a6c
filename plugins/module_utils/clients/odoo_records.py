# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Look into the records of an instance's database, for reports; nothing is changed here."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from ansible_collections.erpops.estate.plugins.module_utils.clients.odoo_database import Database

Rows = list[tuple[Any, ...]]

# Ages by the database's own clock; Odoo keeps times in UTC and without a zone.
QUEUE = """
SELECT channel, state, count(*), extract(epoch FROM now() AT TIME ZONE 'UTC' - min(date_created))
FROM queue_job WHERE state NOT IN ('done', 'cancelled') GROUP BY channel, state ORDER BY channel, state
"""
SCHEDULED_ACTIONS = """
SELECT id, cron_name, active, extract(epoch FROM now() AT TIME ZONE 'UTC' - nextcall), failure_count
FROM ir_cron ORDER BY id
"""
MODULES = "SELECT name, state, latest_version FROM ir_module_module WHERE state NOT IN ('uninstalled', 'uninstallable')"
# Which modules need which, and by which of them a module is drawn in that installs itself.
MODULE_GRAPH = """
SELECT m.name, m.state, m.auto_install,
       coalesce(array_agg(d.name) FILTER (WHERE d.name IS NOT NULL), '{}'),
       coalesce(array_agg(d.name) FILTER (WHERE d.auto_install_required), '{}')
FROM ir_module_module m LEFT JOIN ir_module_module_dependency d ON d.module_id = m.id
WHERE m.state NOT IN ('uninstalled', 'uninstallable') GROUP BY m.name, m.state, m.auto_install ORDER BY m.name
"""
# The server knows what became of a transaction until its own record of it is cleared away, millions later.
TRANSACTIONS = """
SELECT name, CASE WHEN name::xid8 < pg_snapshot_xmax(pg_current_snapshot()) THEN pg_xact_status(name::xid8) END
FROM unnest(%s::text[]) AS name
"""


def modules(database: Database) -> Rows:
    """Return name, state and version of what is installed or on its way."""
    return database.rows(MODULES) if has_table(database, "ir_module_module") else []


def module_graph(database: Database) -> dict[str, dict[str, Any]]:
    """Return by name the modules that are there, with what they need and what draws them in."""
    keys = ("state", "auto_install", "depends", "drawn_by")
    rows = database.rows(MODULE_GRAPH) if has_table(database, "ir_module_module") else []
    return {name: dict(zip(keys, values, strict=True)) for name, *values in rows}


def queue(database: Database) -> Rows:
    """Return channel, state, number and age in seconds of jobs that are not done."""
    return database.rows(QUEUE) if has_table(database, "queue_job") else []


def scheduled_actions(database: Database) -> Rows:
    """Return id, name, whether it is active, how late it is in seconds, and its failures in a row."""
    return database.rows(SCHEDULED_ACTIONS) if has_table(database, "ir_cron") else []


def transactions(database: Database, names: list[str]) -> Rows:
    """Return name and state of each of these transactions; no state where the server knows none."""
    return database.rows(TRANSACTIONS, names) if names else []


def host_name(database: Database) -> str:
    """Return the name that users dial."""
    rows = database.rows("SELECT value FROM ir_config_parameter WHERE key = 'web.base.url'")
    return str(urlsplit(rows[0][0] if rows else "").hostname or "")


def has_table(database: Database, name: str) -> bool:
    """Return whether the database has this table; one that Odoo has not made yet has none."""
    return bool(database.rows("SELECT 1 WHERE to_regclass(%s) IS NOT NULL", name))
