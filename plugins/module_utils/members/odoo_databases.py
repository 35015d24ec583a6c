# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What each state of a database comes to: made, dropped, copied, filled from a dump, neutralised."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from ansible_collections.erpops.estate.plugins.module_utils.clients import odoo_copy
from ansible_collections.erpops.estate.plugins.module_utils.clients.errors import Refused
from ansible_collections.erpops.estate.plugins.module_utils.clients.odoo_database import Database
from ansible_collections.erpops.estate.plugins.module_utils.clients.odoo_host import OdooHost
from ansible_collections.erpops.estate.plugins.module_utils.clients.odoo_objects import ObjectClient
from ansible_collections.erpops.estate.plugins.module_utils.clients.odoo_tenant import (
    Tenant,
    converge,
    with_other_password,
)
from ansible_collections.erpops.estate.plugins.module_utils.policy import odoo_copy as policy
from ansible_collections.erpops.estate.plugins.module_utils.policy.left_out import secret_objections


@dataclass(frozen=True)
class Outcome:
    """What was done, or in check mode would be; and whose password is another one now."""

    actions: list[str]
    new_passwords: list[str] = field(default_factory=list)


def bring_there(params: Mapping[str, Any], *, check: bool) -> Outcome:
    """Bring the databases to their state."""
    with _server(params) as server:
        tenants = [Tenant(entry["name"], entry["database"], entry["password"] or "") for entry in params["instances"]]
        state = params["state"]
        if state == "absent":
            return Outcome(_absent(server, tenants, params["confirm"], check))
        _alone_of(tenants, state)
        if state == "neutralised":
            return Outcome(_neutralised(server, tenants[0], params, check))
        if state != "present":
            return Outcome(_copied(server, tenants[0], params, check))
        return _present(server, tenants, params, check)


@contextmanager
def _server(params: Mapping[str, Any]) -> Iterator[odoo_copy.Server]:
    connect = partial(
        Database.leader,
        "PostgreSQL of the estate",
        ca_file=params["ca_file"],
        port=params["port"],
        user=params["login_user"],
        password=params["login_password"],
    )

    with connect(hosts=params["hosts"], dbname="postgres") as administration:

        def own(name: str) -> Database:
            # A replica that has not replayed the new database ends libpq's search for the leader.
            return connect(hosts=[administration.host], dbname=name)

        yield odoo_copy.Server(
            administration, own, params["port"], params["ca_file"], params["login_user"], params["login_password"]
        )


def _alone_of(tenants: list[Tenant], state: str) -> None:
    unnamed = [tenant.name for tenant in tenants if not tenant.password]
    if unnamed:
        raise ValueError(f"{state}: expected the password of {', '.join(unnamed)}, found none")
    if state != "present" and len(tenants) != 1:
        raise ValueError(f"{state}: expected one of instances, found {len(tenants)}")


def _present(server: odoo_copy.Server, tenants: list[Tenant], params: Mapping[str, Any], check: bool) -> Outcome:
    others = with_other_password(server.administration, tenants)
    names = [f"estate_instance_secrets.{name}.database_password" for name in others]
    sentences = secret_objections(names, "PostgreSQL", params["left_out"])
    if sentences:
        raise ValueError("; ".join(sentences))
    kept = () if params["set_passwords"] else others
    return Outcome(converge(server.administration, tenants, server.connect, check=check, kept=kept), others)


def _absent(server: odoo_copy.Server, tenants: list[Tenant], confirmed: list[str], check: bool) -> list[str]:
    owners = server.databases()
    names = [
        name
        for tenant in tenants
        for name in (tenant.database, policy.unfinished(tenant.database))
        if owners.get(name) == tenant.name
    ]
    sentences = policy.drop_objections(
        [tenant.database for tenant in tenants], confirmed, {name: server.connections(name) for name in names}
    )
    sentences += [
        f"database {tenant.database}: expected it to be {tenant.name}'s, found it {owners[tenant.database]}'s"
        for tenant in tenants
        if owners.get(tenant.database, tenant.name) != tenant.name
    ]
    if sentences:
        raise ValueError("; ".join(sentences))
    actions = [f"database {name}: dropped" for name in names]
    if check:
        return actions
    for name in names:
        server.drop(name)
    for tenant in tenants:
        server.drop_role(tenant.name)
    return actions


def _neutralised(server: odoo_copy.Server, tenant: Tenant, params: Mapping[str, Any], check: bool) -> list[str]:
    with server.connect(tenant.database) as database:
        if odoo_copy.neutralised(database):
            return []
        if not check:
            odoo_copy.quieten(database)
    if not check:
        odoo_copy.neutralise(_tools(params), server.login(tenant.database), _tls(params), tenant.database)
    return [f"database {tenant.database}: neutralised"]


def _copied(server: odoo_copy.Server, tenant: Tenant, params: Mapping[str, Any], check: bool) -> list[str]:
    owner = server.databases().get(tenant.database)
    if owner is not None:
        if owner != tenant.name:
            raise Refused(f"database {tenant.database}", expected=f"none, or {tenant.name}'s", found=f"{owner}'s")
        return []
    source = OdooHost(params["source"])
    mounts, files = _tls(params), dict[str, str]()
    if params["state"] == "restored":
        fill, more = odoo_copy.from_dump(params["dump"])
        mounts |= more
        what = f"dump {params['dump']}"
    else:
        name = source.settings().database
        fill, files = odoo_copy.from_database(str(source.directory / "pg_service.conf"), source.name, name)
        what = f"database {name}"
    copy = odoo_copy.Copy(
        server,
        _tools(params),
        ObjectClient(
            params["endpoint"],
            ca_file=params["ca_file"],
            access_key=params["access_key"],
            secret_key=params["secret_key"],
        ),
        policy.Origin(what, params["source_bucket"] or _bucket(source)),
        odoo_copy.Target(tenant, params["bucket"], params["url"], params["neutralise"]),
        fill,
        files,
        mounts,
    )
    objections = copy.objections()
    if objections:
        raise ValueError("; ".join(objections))
    return copy.plan() if check else copy.make()


def _bucket(source: OdooHost) -> str:
    with source.look() as database:
        buckets = [str(name) for (name,) in database.rows(odoo_copy.BUCKETS)]
    if len(buckets) != 1:
        raise Refused(
            f"attachments of {source.name}", expected="one bucket", found=", ".join(buckets) or "none", remedy="name it"
        )
    return buckets[0]


def _tools(params: Mapping[str, Any]) -> odoo_copy.Tools:
    source = OdooHost(params["source"])
    what = f"programs for {params['state']}"
    return odoo_copy.Tools(source.command(what).image, source.settings().addons_path, params["timeout"])


def _tls(params: Mapping[str, Any]) -> dict[str, str]:
    return {params["ca_file"]: f"{params['ca_file']}:ro"}
