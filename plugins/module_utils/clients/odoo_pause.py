# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Pauses scheduled actions in an instance's database and lets them go on, also while no Odoo runs.

Odoo's workers hold an action's row for as long as it runs, so whoever gets the row knows that it has ended. What was
active before stands in a table of the collection's own beside it, written in the very statement that pauses: whoever
takes the pause back, and whenever, finds it there.
"""

from __future__ import annotations

from collections.abc import Iterable

from ansible_collections.erpops.estate.plugins.module_utils.clients.errors import Refused, TimedOut
from ansible_collections.erpops.estate.plugins.module_utils.clients.odoo_database import Database
from ansible_collections.erpops.estate.plugins.module_utils.clients.odoo_records import has_table
from ansible_collections.erpops.estate.plugins.module_utils.policy.odoo_actions import Action

TABLE = """
CREATE SCHEMA IF NOT EXISTS erpops;
CREATE TABLE IF NOT EXISTS erpops.paused_action (action integer PRIMARY KEY, paused_at timestamptz NOT NULL)
"""
ACTIONS = """
SELECT c.id, c.cron_name, coalesce(min(d.module || '.' || d.name), ''), coalesce(c.active, false)
FROM ir_cron c LEFT JOIN ir_model_data d ON d.model = 'ir.cron' AND d.res_id = c.id GROUP BY c.id ORDER BY c.id
"""
PAUSE = """
WITH held AS (SELECT id FROM ir_cron WHERE id = %s AND active FOR NO KEY UPDATE),
     noted AS (INSERT INTO erpops.paused_action SELECT id, now() FROM held ON CONFLICT DO NOTHING)
UPDATE ir_cron SET active = false FROM held WHERE ir_cron.id = held.id
"""
RESUME = """
WITH gone AS (DELETE FROM erpops.paused_action WHERE action = ANY(%s) RETURNING action)
UPDATE ir_cron SET active = true FROM gone WHERE ir_cron.id = gone.action
"""


def look(database: Database) -> list[Action]:
    """Return every scheduled action, and which of them are paused."""
    if not has_table(database, "ir_cron"):
        return []
    paused: set[int] = set()
    if has_table(database, "erpops.paused_action"):
        paused = {int(identity) for (identity,) in database.rows("SELECT action FROM erpops.paused_action")}
    return [
        Action(identity, name or "", external_id, bool(active), identity in paused)
        for identity, name, external_id, active in database.rows(ACTIONS)
    ]


def pause(database: Database, actions: Iterable[Action], wait: int) -> list[str]:
    """Pause actions, each as soon as it does not run; one that still runs after ``wait`` seconds is an error."""
    done = []
    database.run(TABLE)
    database.run(f"SET lock_timeout = '{int(wait)}s'")
    for action in actions:
        try:
            database.run(PAUSE, action.identity)
        except Refused as error:
            if "lock timeout" not in error.found:
                raise
            raise TimedOut(
                f"scheduled action {action.name}",
                expected=f"it to end within {wait} s",
                found="it still runs",
                remedy="those before it are paused; wait for it and run again, or let them go on with state running",
            ) from None
        done += pausing([action])
    return done


def resume(database: Database, actions: Iterable[Action]) -> list[str]:
    """Let these actions go on; what became due meanwhile runs within a minute."""
    found = list(actions)
    if found:
        database.run(RESUME, [action.identity for action in found])
    return going_on(found)


def end(database: Database) -> None:
    """Let go on whatever is paused: a copy of a database has the pause, and not the lease that would end it."""
    resume(database, (action for action in look(database) if action.paused))


def forget(database: Database) -> None:
    """Leave what is paused switched off for good: no lease is to switch it on again."""
    if has_table(database, "erpops.paused_action"):
        database.run("DELETE FROM erpops.paused_action")


def pausing(actions: Iterable[Action]) -> list[str]:
    """Return that these are paused."""
    return [f"scheduled action {action.name}: paused" for action in actions]


def going_on(actions: Iterable[Action]) -> list[str]:
    """Return that these go on."""
    return [f"scheduled action {action.name}: goes on" for action in actions]
