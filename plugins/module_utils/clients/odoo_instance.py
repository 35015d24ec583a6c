# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Look into an instance's database; nothing is changed here."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from ansible_collections.erpops.estate.plugins.module_utils.clients.odoo_database import Database
from ansible_collections.erpops.estate.plugins.module_utils.policy.odoo_instance import (
    ADMIN_MARK,
    OWN,
    STORAGE_COLUMNS,
    Found,
)

PARAMETERS = """
SELECT key, value FROM ir_config_parameter
WHERE key = ANY(%s) OR EXISTS (SELECT FROM unnest(%s) AS own WHERE starts_with(key, own))
"""
STRAYS = """
SELECT EXISTS (
    SELECT FROM ir_attachment
    WHERE type = 'binary' AND file_size > 0
      AND (store_fname NOT LIKE %s
           OR store_fname IS NULL AND NOT coalesce(
               (SELECT bool_or(mimetype LIKE kind || '%%' AND (bound::int = 0 OR file_size <= bound::int))
                FROM jsonb_each_text(%s::jsonb) AS rule (kind, bound)), FALSE)))
"""


def look(database: Database, wanted: Mapping[str, Any]) -> Found:
    """Return what the database holds of what is wanted."""
    if not database.rows("SELECT 1 WHERE to_regclass('public.ir_module_module') IS NOT NULL"):
        return Found()
    modules = database.rows(
        "SELECT name, state FROM ir_module_module WHERE name = ANY(%s) OR state LIKE 'to %%'", list(wanted["modules"])
    )
    if not database.rows("SELECT 1 WHERE to_regclass('public.fs_storage') IS NOT NULL"):
        return Found(modules=dict(modules))
    storage = wanted["storage"]
    columns = ", ".join(STORAGE_COLUMNS)
    rows = database.rows(f"SELECT {columns} FROM fs_storage WHERE code = %s", storage["code"])  # noqa: S608 - constants
    names = [*wanted["parameters"], ADMIN_MARK]
    return Found(
        modules=dict(modules),
        parameters=dict(database.rows(PARAMETERS, names, list(OWN))),
        languages=[code for (code,) in database.rows("SELECT code FROM res_lang WHERE active")],
        storage=dict(zip(STORAGE_COLUMNS, rows[0], strict=True)) if rows else {},
        strays=_strays(database, storage),
    )


def _strays(database: Database, storage: Mapping[str, Any]) -> bool:
    rules = json.dumps(json.loads(storage["force_db_for_default_attachment_rules"]))
    return bool(database.rows(STRAYS, f"{storage['code']}://%", rules)[0][0])
