# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Make an API key for a user, for programs that speak JSON-2."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from odoo import SUPERUSER_ID, api
from odoo.modules.registry import Registry


def run(database: str, request: dict[str, Any]) -> dict[str, Any]:
    """Replace the user's key of this name and return the new one."""
    with Registry(database).cursor() as cr:
        env = api.Environment(cr, SUPERUSER_ID, {})
        user = env["res.users"].search([("login", "=", request["login"])])
        if len(user) != 1:
            raise SystemExit(f"odoo estate: expected one user with login {request['login']!r}, found {len(user)}")
        keys = env["res.users.apikeys"].with_user(user).sudo()
        keys.search([("user_id", "=", user.id), ("name", "=", request["name"])])._remove()
        expires = datetime.now() + timedelta(days=request["days"])
        return {"key": keys._generate("rpc", request["name"], expires)}
