# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a synthetic user asks of Odoo, and by what its traces are known again."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

ACCOUNT_NAME = "Estate probe"
# The article that is sold: a service, so that no stock moves; archived, so that nobody finds it in the catalogue.
ARTICLE = "ERPOPS-PROBE"
REFERENCE = "erpops-probe"
GROUPS = ("base.group_user", "sales_team.group_sale_manager")
# A probe that is not done by then was cut off; what it left is taken back.
ORPHAN_SECONDS = 600
STEPS = ("log_in", "open_sales_list", "create_order", "confirm_order", "cancel_order", "remove_order", "log_out")


def account(login: str, password: str, groups: Iterable[int]) -> dict[str, Any]:
    """Return the synthetic user; only who may manage sales may remove an order again."""
    return {
        "name": ACCOUNT_NAME,
        "login": login,
        "password": password,
        "group_ids": [[6, 0, sorted(groups)]],
        "notification_type": "inbox",
    }


def article() -> dict[str, Any]:
    """Return the article that is sold."""
    return {
        "name": ACCOUNT_NAME,
        "default_code": ARTICLE,
        "type": "service",
        "active": False,
        "list_price": 1.0,
        "invoice_policy": "order",
    }


def order(mark: str, partner: int, product: int) -> dict[str, Any]:
    """Return the order. With a name of its own it takes no number out of the sequence of real orders."""
    return {
        "name": f"PROBE/{mark}",
        "client_order_ref": f"{REFERENCE}-{mark}",
        "partner_id": partner,
        "order_line": [[0, 0, {"product_id": product, "product_uom_qty": 1}]],
    }


def own_orders(user: int) -> list[Any]:
    """Return the search for orders that this user's probes made."""
    return [["create_uid", "=", user], ["client_order_ref", "=like", f"{REFERENCE}-%"]]


def orphans(orders: Iterable[Mapping[str, Any]], now: datetime) -> list[Mapping[str, Any]]:
    """Return the orders that an earlier probe left behind; one that runs now elsewhere keeps its own."""
    bound = now - timedelta(seconds=ORPHAN_SECONDS)
    return [found for found in orders if datetime.fromisoformat(str(found["create_date"])) < bound]
