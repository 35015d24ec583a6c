# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the synthetic user asks for, and which orders are taken back."""

from __future__ import annotations

from datetime import datetime

from ansible_collections.erpops.estate.plugins.module_utils.policy import odoo_probe as plan

NOW = datetime(2026, 11, 23, 4, 40, 0)


def test_only_orders_of_probes_that_were_cut_off_are_taken_back() -> None:
    # As sale.order.search_read gives them: UTC, without a zone.
    orders = [
        {"id": 1, "create_date": "2026-11-23 04:29:59"},
        {"id": 2, "create_date": "2026-11-23 04:30:01"},
        {"id": 3, "create_date": "2026-11-20 23:00:00"},
    ]
    assert [order["id"] for order in plan.orphans(orders, NOW)] == [1, 3]


def test_an_order_is_known_again_and_takes_no_number() -> None:
    values = plan.order("4f2a", partner=9, product=20)
    assert values["name"] == "PROBE/4f2a"
    assert ["client_order_ref", "=like", "erpops-probe-%"] in plan.own_orders(5)
    assert values["client_order_ref"].startswith("erpops-probe-")
    assert ["create_uid", "=", 5] in plan.own_orders(5)


def test_what_is_sold_moves_no_stock_and_is_in_no_catalogue() -> None:
    article = plan.article()
    assert (article["type"], article["active"]) == ("service", False)


def test_the_account_has_these_groups_and_no_other() -> None:
    assert plan.account("probe", "sesame", {21, 1})["group_ids"] == [[6, 0, [1, 21]]]
