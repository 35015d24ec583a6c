# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A synthetic user who walks through what the users of an instance do all day, with a clock in hand."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from ansible_collections.erpops.estate.plugins.module_utils.clients import guard, odoo_records, odoo_sessions
from ansible_collections.erpops.estate.plugins.module_utils.clients.errors import ClientError, NotAuthorised, Refused
from ansible_collections.erpops.estate.plugins.module_utils.clients.odoo_host import OdooHost
from ansible_collections.erpops.estate.plugins.module_utils.clients.odoo_http import Json2, Route, Session
from ansible_collections.erpops.estate.plugins.module_utils.policy import odoo_probe as plan

LIST_FIELDS: dict[str, dict[str, Any]] = {
    name: {} for name in ("name", "create_date", "partner_id", "user_id", "amount_total", "state", "invoice_status")
}
SALES_LIST = "/odoo/action-sale.action_quotations_with_onboarding"


@dataclass
class Walk:
    """What one walk saw: milliseconds by step, in order, and the orders of earlier walks that it took back."""

    steps: dict[str, int] = field(default_factory=dict)
    taken_back: list[str] = field(default_factory=list)

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """Time one step; an error says in which one it happened."""
        start = time.monotonic()
        try:
            yield
        except ClientError as error:
            error.what = f"step {name} of the probe: {error.what}"
            error.args = (str(error),)
            raise
        self.steps[name] = round((time.monotonic() - start) * 1000)


def route(host: OdooHost, address: str, port: int) -> Route:
    """Return the way to the instance: its container on this host, or an edge under the name that users dial."""
    if not address:
        return host.web().route()
    with host.look() as database:
        name = odoo_records.host_name(database)
    return Route(f"{name} at {address}", address, port, host=name, ca_file=host.settings().ca_file)


def prepare(odoo: Json2, login: str, password: str) -> list[str]:
    """Make the synthetic user and its article, or make them usable again; return what was done."""
    done = []
    users = odoo.find("res.users", [["login", "=", login]], ["id", "name"], context={"active_test": False})
    if users and users[0]["name"] != plan.ACCOUNT_NAME:
        raise Refused(
            f"user {login}",
            expected=f"the probe's own account, called {plan.ACCOUNT_NAME}",
            found=f"the one of {users[0]['name']}",
            remedy="give the probe a login that is nobody's",
        )
    if users:
        odoo.call("res.users", "write", ids=[users[0]["id"]], vals={"active": True, "password": password})
        done.append(f"user {login}: password set")
    else:
        names = [name.split(".") for name in plan.GROUPS]
        domain = ["|", "&", *_is(*names[0]), "&", *_is(*names[1])]
        groups = [row["res_id"] for row in odoo.find("ir.model.data", domain, ["res_id"])]
        odoo.call(
            "res.users",
            "create",
            vals_list=[plan.account(login, password, groups)],
            context={"no_reset_password": True},
        )
        done.append(f"user {login}: made")
    if not odoo.find("product.product", [["default_code", "=", plan.ARTICLE]], ["id"], context={"active_test": False}):
        odoo.create("product.product", **plan.article())
        done.append(f"article {plan.ARTICLE}: made")
    return done


def walk(session: Session, login: str, password: str) -> Walk:
    """Walk through a user's day."""
    seen = Walk()
    with seen.step("log_in"):
        session.log_in(login, password)
    user, partner, product = _who(session, login)
    _take_back(session, user, seen)
    with seen.step("open_sales_list"):
        session.get(SALES_LIST)
        session.call("sale.order", "web_search_read", [[]], specification=LIST_FIELDS, limit=80)
    _sell(session, seen, plan.order(secrets.token_hex(6), partner, product))
    with seen.step("log_out"):
        session.log_out()
    return seen


def look_in(session: Session) -> Walk:
    """Only see whether somebody could log in: nothing is written."""
    seen = Walk()
    with seen.step("log_in"):
        session.get("/web/login")
    return seen


def visit(
    host: OdooHost,
    way: Callable[[], Route],
    walking: Callable[[Session], Walk],
    preparing: Callable[[], list[str]] | None,
) -> tuple[Walk, list[str]]:
    """Walk; where the account is not let in and somebody may make it, have it made and walk then."""
    with host.look() as database:
        if not odoo_records.has_table(database, "sale_order"):
            raise Refused(f"instance {host.name}", expected="the module sale, to sell something", found="none of it")
    try:
        return _visit(host, way, walking), []
    except NotAuthorised as error:
        if preparing is None:
            error.remedy = error.remedy or "give api_key_file, so that the account is made"
            error.args = (str(error),)
            raise
    done = preparing()
    return _visit(host, way, walking), done


def _visit(host: OdooHost, way: Callable[[], Route], walking: Callable[[Session], Walk]) -> Walk:
    route = way()
    session = Session(route)
    try:
        seen = walking(session)
    except ClientError:
        with suppress(ClientError):
            _forget(host, session)
        raise
    finally:
        route.close()
    _forget(host, session)
    return seen


def _forget(host: OdooHost, session: Session) -> None:
    with guard.asking():
        odoo_sessions.forget(host.settings(), session.ids)


def _who(session: Session, login: str) -> tuple[int, int, int]:
    users = session.call("res.users", "search_read", [[["login", "=", login]], ["partner_id"]])
    articles = session.call(
        "product.product",
        "search_read",
        [[["default_code", "=", plan.ARTICLE], ["active", "in", [True, False]]], ["id"]],
    )
    if not users or not articles:
        raise NotAuthorised(
            f"step log_in of the probe: account {login}",
            expected=f"itself and the article {plan.ARTICLE}",
            found=f"{len(users)} users and {len(articles)} articles",
        )
    return users[0]["id"], users[0]["partner_id"][0], articles[0]["id"]


def _take_back(session: Session, user: int, seen: Walk) -> None:
    found = session.call("sale.order", "search_read", [plan.own_orders(user), ["name", "create_date"]])
    left = plan.orphans(found, datetime.now(UTC).replace(tzinfo=None))
    if left:
        _remove(session, [["id", "in", [order["id"] for order in left]]])
        seen.taken_back += [str(order["name"]) for order in left]


def _sell(session: Session, seen: Walk, values: Mapping[str, Any]) -> None:
    """Make, confirm, cancel and remove an order; it is removed whatever happens on the way."""
    try:
        with seen.step("create_order"):
            order = session.call("sale.order", "create", [values])
        _turn(session, seen, "confirm_order", order, "sale")
        _turn(session, seen, "cancel_order", order, "cancel")
        with seen.step("remove_order"):
            session.call("sale.order", "unlink", [[order]])
    except ClientError:
        # Even a request without an answer may have left an order.
        with suppress(ClientError):
            _remove(session, [["client_order_ref", "=", values["client_order_ref"]]])
        raise


def _turn(session: Session, seen: Walk, step: str, order: int, state: str) -> None:
    with seen.step(step):
        session.call("sale.order", {"sale": "action_confirm", "cancel": "action_cancel"}[state], [[order]])
        found: Mapping[str, Any] = session.call("sale.order", "read", [[order], ["state"]])[0]
        if found["state"] != state:
            raise Refused(f"order {order}", expected=f"the state {state}", found=str(found["state"]))


def _remove(session: Session, domain: list[Any]) -> None:
    orders = session.call("sale.order", "search", [domain])
    if orders:
        session.call("sale.order", "action_cancel", [orders])
        session.call("sale.order", "unlink", [orders])


def _is(module: str, name: str) -> list[Any]:
    return [["module", "=", module], ["name", "=", name]]
