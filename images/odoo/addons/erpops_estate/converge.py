# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Bring a database to what is asked: modules, storage of attachments, languages, parameters, the administrator.

Each step looks at what is there and commits what it did, so a run that was cut off is continued by the next.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from odoo import SUPERUSER_ID, api, sql_db
from odoo.modules.registry import Registry
from odoo.tools import SQL

_logger = logging.getLogger(__name__)

# Held while a database is worked on, so that two nodes or two runs never do it at the same time.
LOCK = 7291044175561
# What attachments need is installed before everything else: nothing may be stored on one node's disk.
FOUNDATION = ("base", "web", "erpops_attachment")
ADMIN_MARK = "erpops.estate.administrator"

Request = dict[str, Any]


def run(database: str, request: Request) -> dict[str, Any]:
    """Do what the request asks and return what was done, in sentences."""
    actions: list[str] = []
    with _alone(database):
        _attachments_in_database()
        actions += _install(database, FOUNDATION)
        # Before anything that takes long: from its first minute the database has no well-known password.
        actions += _step(database, _administrator, request["admin"])
        actions += _step(database, _parameters, request["parameters"])
        actions += _step(database, _storage, request["storage"])
        actions += _install(database, request["modules"])
        actions += _step(database, _languages, request["languages"])
        actions += _step(database, _move_attachments, request["storage"]["code"])
    return {"actions": actions}


@contextmanager
def _alone(database: str) -> Iterator[None]:
    with sql_db.db_connect(database).cursor() as cr:
        cr.execute("SELECT pg_advisory_lock(%s)", (LOCK,))
        yield


def _attachments_in_database() -> None:
    """Until the object storage is known, this process keeps attachments in the database, never in its own files."""
    from odoo.addons.base.models.ir_attachment import IrAttachment

    IrAttachment._storage = lambda _self: "db"


def _step(database: str, work: Any, wanted: Any) -> list[str]:
    with Registry(database).cursor() as cr:
        return list(work(api.Environment(cr, SUPERUSER_ID, {}), wanted))


def _install(database: str, modules: Any) -> list[str]:
    missing = _missing(database, modules)
    if not missing:
        return []
    _logger.info("installing %s", ", ".join(missing))
    Registry.new(database, update_module=True, install_modules=missing)
    still = _missing(database, modules)
    if still:
        raise SystemExit(f"odoo estate: not installed: {', '.join(still)}; are they in the image's add-ons?")
    return [f"installed {', '.join(missing)}"]


def _missing(database: str, modules: Any) -> list[str]:
    """Return the modules to install; all of them in an empty database.

    Whatever a run that was cut off left half way is among them: its state is ``to install``.
    """
    with sql_db.db_connect(database).cursor() as cr:
        cr.execute("SELECT to_regclass('ir_module_module')")
        if cr.fetchone()[0] is None:
            return list(modules)
        cr.execute("SELECT name FROM ir_module_module WHERE state = 'installed'")
        installed = {name for (name,) in cr.fetchall()}
        cr.execute("SELECT name FROM ir_module_module WHERE state IN ('to install', 'to upgrade', 'to remove')")
        unfinished = [name for (name,) in cr.fetchall()]
    return [name for name in modules if name not in installed] + [name for name in unfinished if name not in modules]


def _administrator(env: Any, wanted: dict[str, str]) -> Iterator[str]:
    """Give the administrator login and password once; who changes them later is right."""
    if env["ir.config_parameter"].get_param(ADMIN_MARK):
        return
    env.ref("base.user_admin").write({"login": wanted["login"], "password": wanted["password"]})
    env["ir.config_parameter"].set_param(ADMIN_MARK, "given")
    yield f"gave the administrator the login {wanted['login']} and the password of the inventory"


def _parameters(env: Any, wanted: dict[str, str]) -> Iterator[str]:
    parameters = env["ir.config_parameter"]
    for key, value in wanted.items():
        found = parameters.get_param(key)
        if found != value:
            parameters.set_param(key, value)
            yield f"set {key} to {value} (was {found or 'unset'})"


def _storage(env: Any, wanted: dict[str, Any]) -> Iterator[str]:
    storages = env["fs.storage"]
    storage = storages.search([("code", "=", wanted["code"])])
    if not storage:
        storages.create(wanted)
        yield f"made the bucket {wanted['directory_path']} the place of attachments"
        return
    different = {name: value for name, value in wanted.items() if storage[name] != value}
    if different:
        storage.write(different)
        yield f"changed {', '.join(sorted(different))} of the storage {wanted['code']}"


def _languages(env: Any, wanted: list[str]) -> Iterator[str]:
    active = set(env["res.lang"].search([]).mapped("code"))
    for code in wanted:
        if code not in active:
            env["base.language.install"].create(
                {"lang_ids": [(6, 0, env["res.lang"]._activate_lang(code).ids)], "overwrite": False}
            ).lang_install()
            yield f"activated the language {code}"


def _move_attachments(env: Any, code: str) -> Iterator[str]:
    """Move what was stored before the storage was there, and what a missing storage made land elsewhere."""
    attachments = env["ir.attachment"].with_context(active_test=False)
    before = _outside(env, code)
    if not before:
        return
    attachments.with_context(storage_location=code)._force_storage_to_object_storage()
    env.cr.commit()
    left = _outside(env, code)
    if left:
        raise SystemExit(f"odoo estate: {left} attachments are neither in the bucket nor allowed in the database")
    yield f"moved {before} attachments to the object storage"


def _outside(env: Any, code: str) -> int:
    """Return how many attachments are neither in the storage nor among those that belong in the database."""
    rules = json.loads(env["fs.storage"].get_by_code(code).force_db_for_default_attachment_rules or "{}")
    allowed = [
        SQL("mimetype LIKE %s AND (%s = 0 OR file_size <= %s)", f"{kind}%", limit, limit)
        for kind, limit in rules.items()
    ]
    env.cr.execute(
        SQL(
            """
            SELECT count(*) FROM ir_attachment
            WHERE type = 'binary' AND file_size > 0
              AND (store_fname NOT LIKE %s OR store_fname IS NULL AND NOT coalesce(%s, FALSE))
            """,
            f"{code}://%",
            SQL("(%s)", SQL(" OR ").join(allowed)) if allowed else SQL("FALSE"),
        )
    )
    return int(env.cr.fetchone()[0])
