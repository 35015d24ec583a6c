# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Role and database of an instance, made by the superuser on the leader."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field

from ansible_collections.erpops.estate.plugins.module_utils.clients.odoo_database import Database
from ansible_collections.erpops.estate.plugins.module_utils.policy.scram import matches, others, verifier

# Two runs, or two operators, never make the same role at the same time.
LOCK = 7291044175562
EXTENSIONS = ("pg_trgm", "unaccent")


@dataclass(frozen=True)
class Tenant:
    """What an instance has of its own in PostgreSQL."""

    name: str
    database: str
    password: str = field(repr=False)


def with_other_password(administration: Database, tenants: list[Tenant]) -> list[str]:
    """Return the names of those whose role is there and knows another password than theirs."""
    wanted = {tenant.name: tenant.password for tenant in tenants}
    query = "SELECT rolname, rolpassword FROM pg_authid WHERE rolname = ANY(%s)"
    return others(wanted, dict(administration.rows(query, list(wanted))))


def converge(
    administration: Database,
    tenants: list[Tenant],
    connect: Callable[[str], Database],
    *,
    check: bool,
    kept: Collection[str] = (),
) -> list[str]:
    """Make roles and databases what they should be and return what was done (or would be); roles in kept stay."""
    actions: list[str] = []
    if not check:
        administration.run("SELECT pg_advisory_lock(%s)", LOCK)
    for tenant in tenants:
        if tenant.name not in kept:
            actions += _role(administration, tenant, check)
        actions += _database(administration, tenant, check)
        if not (check and actions):
            with connect(tenant.database) as database:
                actions += _extensions(database, tenant, check)
    return actions


def _role(database: Database, tenant: Tenant, check: bool) -> Iterator[str]:
    name = database.quoted(tenant.name)
    found = database.rows(
        "SELECT rolpassword, rolcanlogin AND NOT (rolsuper OR rolcreatedb OR rolcreaterole OR rolreplication)"
        " FROM pg_authid WHERE rolname = %s",
        tenant.name,
    )
    if found and found[0][1] and matches(tenant.password, found[0][0]):
        return
    if not check:
        verb = "ALTER" if found else "CREATE"
        database.run(
            f"{verb} ROLE {name} LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION PASSWORD %s",
            verifier(tenant.password, secrets.token_bytes(16)),
        )
    yield f"role {tenant.name}: {'set password and rights' if found else 'create'}"


def _database(database: Database, tenant: Tenant, check: bool) -> Iterator[str]:
    name, owner = database.quoted(tenant.database), database.quoted(tenant.name)
    found = database.rows(
        "SELECT pg_get_userbyid(datdba), has_database_privilege('public', oid, 'CONNECT')"
        " FROM pg_database WHERE datname = %s",
        tenant.database,
    )
    if not found:
        if not check:
            # Odoo sorts in the user's language itself and wants indexes that serve LIKE: collation C.
            database.run(f"CREATE DATABASE {name} OWNER {owner} TEMPLATE template0 ENCODING 'UTF8' LC_COLLATE 'C'")
        yield f"database {tenant.database}: create"
    elif found[0][0] != tenant.name:
        if not check:
            database.run(f"ALTER DATABASE {name} OWNER TO {owner}")
        yield f"database {tenant.database}: give to {tenant.name} (was {found[0][0]}'s)"
    if not found or found[0][1]:
        if not check:
            database.run(f"REVOKE CONNECT, TEMPORARY ON DATABASE {name} FROM PUBLIC")
        yield f"database {tenant.database}: close to all others"


def _extensions(database: Database, tenant: Tenant, check: bool) -> Iterator[str]:
    present = {name for (name,) in database.rows("SELECT extname FROM pg_extension")}
    for name in EXTENSIONS:
        if name not in present:
            if not check:
                database.run(f"CREATE EXTENSION {name} SCHEMA public")
            yield f"database {tenant.database}: add extension {name}"
    if not database.rows(
        "SELECT 1 FROM pg_proc WHERE oid = to_regprocedure('public.unaccent(text)') AND provolatile = 'i'"
    ):
        if not check:
            # Odoo indexes with it. Its dictionary does not change while the server runs.
            database.run("ALTER FUNCTION public.unaccent(text) IMMUTABLE")
        yield f"database {tenant.database}: let indexes use unaccent"
