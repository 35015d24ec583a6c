"""Reads the truth on the leader itself, past Odoo, the edges and every connection the load used."""

from __future__ import annotations

import json
import time

from tests.estate.world import Estate, Host
from tests.load.truth import Found, found_in

LEADER_WITHIN = 60.0

RESERVED = "stock reserved is not what open transfers hold"

# Numbers of transfers and of posted entries are kept apart by unique indexes; those of orders by nothing but Odoo.
# By name: what breaks it. None of these may return a row, whatever happened to whom.
INVARIANTS = {
    "two orders have one number": """
        select company_id, name, count(*) from sale_order group by 1, 2 having count(*) > 1""",
    "a sequence is behind what it gave out": """
        select 'sale_order' as name, max(id) from sale_order
        having max(id) > (select last_value from sale_order_id_seq)
        union all select 'sale_order_line', max(id) from sale_order_line
        having max(id) > (select last_value from sale_order_line_id_seq)
        union all select 'stock_picking', max(id) from stock_picking
        having max(id) > (select last_value from stock_picking_id_seq)
        union all select 'stock_move', max(id) from stock_move
        having max(id) > (select last_value from stock_move_id_seq)""",
    "an order has no line": """
        select o.id, o.client_order_ref from sale_order o where o.client_order_ref like :'run' || '-%'
        and not exists (select from sale_order_line l where l.order_id = o.id)""",
    "an order's total is not the sum of its lines": """
        select o.id, o.amount_untaxed, sum(l.price_subtotal) as lines from sale_order o
        join sale_order_line l on l.order_id = o.id
        group by o.id having abs(o.amount_untaxed - sum(l.price_subtotal)) >= 0.005""",
    "stock on hand is not what came in less what went out": """
        with moved as (
          select product_id, location_dest_id as location_id, quantity_product_uom as pieces
          from stock_move_line where state = 'done'
          union all
          select product_id, location_id, -quantity_product_uom from stock_move_line where state = 'done'
          union all
          select product_id, location_id, -quantity from stock_quant)
        select m.product_id, m.location_id, sum(m.pieces) as missing from moved m
        join product_product p on p.id = m.product_id join product_template t on t.id = p.product_tmpl_id
        where t.is_storable group by 1, 2 having abs(sum(m.pieces)) >= 0.005""",
    RESERVED: """
        with held as (
          select product_id, location_id, quantity_product_uom as pieces from stock_move_line
          where state not in ('done', 'cancel')
          union all
          select product_id, location_id, -reserved_quantity from stock_quant)
        select h.product_id, h.location_id, sum(h.pieces) as missing from held h
        join stock_location l on l.id = h.location_id
        join product_product p on p.id = h.product_id join product_template t on t.id = p.product_tmpl_id
        where t.is_storable and l.usage in ('internal', 'transit')
        group by 1, 2 having abs(sum(h.pieces)) >= 0.005""",
}

ORDERS = """
    select o.id, o.name, o.client_order_ref as reference, o.state, count(l.id) as lines,
      coalesce(sum(l.product_uom_qty), 0) as quantity,
      coalesce(sum(m.demanded), 0) as moved, coalesce(sum(m.delivered), 0) as delivered
    from sale_order o
    left join sale_order_line l on l.order_id = o.id and l.display_type is null
    left join lateral (
      select sum(product_uom_qty) as demanded, sum(quantity) filter (where state = 'done') as delivered
      from stock_move where sale_line_id = l.id and state <> 'cancel') m on true
    where o.client_order_ref like :'run' || '-%'
    group by o.id order by o.id"""


class NoLeader(AssertionError):
    """The truth is on the one member that takes writes; none, or more than one, says that it does."""


def _rows(query: str) -> str:
    return f"(select coalesce(json_agg(row_to_json(found)), '[]') from ({query}) found)"  # noqa: S608 - queries of this file


# One statement, so one moment: everything is read from the same snapshot.
QUESTION = (
    f"select json_build_object('orders', {_rows(ORDERS)}, 'broken', json_build_object("
    + ", ".join(f"'{name.replace(chr(39), chr(39) * 2)}', {_rows(query)}" for name, query in INVARIANTS.items())
    + "));\n"
)


def psql(host: Host, database: str, script: str, run: str = "") -> str:
    """Run a script on a member, as its administrator by the local socket; ``:'run'`` in it is the given run."""
    client = "docker exec -i patroni psql -XqAt -U postgres -v ON_ERROR_STOP=1 -v run=%s -d %s"
    return str(host.check_output(f"printf %%s %s | {client}", script, run, database))


def leader(estate: Estate) -> Host:
    """Return the member that takes writes; every member that can be reached is asked."""
    until = time.monotonic() + LEADER_WITHIN
    while True:
        said: dict[str, str] = {}
        for host in estate.group("patroni"):
            try:
                said[host.name] = psql(host, "postgres", "select pg_is_in_recovery();")
            except (AssertionError, OSError, RuntimeError) as error:
                said[host.name] = str(error)[:200]
        leading = [name for name, answer in said.items() if answer == "f"]
        if len(leading) == 1:
            return estate.host(leading[0])
        if time.monotonic() > until:
            raise NoLeader(f"expected one member not in recovery within {LEADER_WITHIN:.0f} s, found {said}")
        time.sleep(2)


def read(estate: Estate, database: str, run: str) -> Found:
    """Return what the database holds of a run."""
    return found_in(json.loads(psql(leader(estate), database, QUESTION, run=run)))
