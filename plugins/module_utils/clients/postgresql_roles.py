# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Passwords of roles that exist, on the member that takes writes."""

from __future__ import annotations

import secrets
from collections.abc import Collection, Mapping

from ansible_collections.erpops.estate.plugins.module_utils.clients.errors import Refused
from ansible_collections.erpops.estate.plugins.module_utils.clients.odoo_database import Database
from ansible_collections.erpops.estate.plugins.module_utils.policy.left_out import secret_objections
from ansible_collections.erpops.estate.plugins.module_utils.policy.scram import alteration, others


def keep_passwords(
    database: Database, wanted: Mapping[str, str], *, left_out: Collection[str], check: bool
) -> list[str]:
    """Give each role its password where it has another and return what was done (or would be); nothing on a standby.

    Where members are left out that would not learn another one, no role is given any.
    """
    if database.rows("SELECT pg_is_in_recovery()")[0][0]:
        return []
    kept = dict(database.rows("SELECT rolname, rolpassword FROM pg_authid WHERE rolname = ANY(%s)", list(wanted)))
    missing = sorted(set(wanted) - set(kept))
    if missing:
        raise Refused(
            "PostgreSQL's own roles",
            expected=", ".join(sorted(wanted)),
            found=f"no role {', '.join(missing)}",
            remedy="Patroni makes them with the cluster; look at patroni's log on the leader",
        )
    other = others(wanted, kept)
    sentences = secret_objections([f"password of role {name}" for name in other], "PostgreSQL", left_out)
    if sentences:
        raise ValueError("; ".join(sentences))
    for name in [] if check else other:
        database.run(*alteration(database.quoted(name), wanted[name], secrets.token_bytes(16)))
    return [f"role {name}: set password" for name in other]
