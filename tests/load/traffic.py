"""What the users of the load ask for, as requests, and what an answer must hold to be one."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from tests.estate import access
from tests.estate.world import Estate, Instance
from tests.load.ledger import ORDER, Write
from tests.load.outcome import Told
from tests.load.wire import Request

PRODUCTS = 5
ON_HAND = 1_000_000
PRICE = 10.0
LIST = {
    "model": "sale.order",
    "method": "web_search_read",
    "args": [],
    "kwargs": {
        "domain": [],
        "limit": 80,
        "specification": {"name": {}, "client_order_ref": {}, "amount_total": {}, "state": {}},
    },
}


@dataclass(frozen=True)
class Page:
    """A page and what it must show; one without the word is another page, such as the login for who was logged in."""

    request: Request
    word: bytes


def tidy(estate: Estate, instance: Instance) -> None:
    """Open the inventory as its keeper does.

    Where two deliveries of one product meet, Odoo lets neither wait: one of them leaves its part of what is reserved to
    be put right when somebody opens the inventory, or at night.
    """
    access.json2(estate, instance).call("stock.quant", "action_view_inventory")


@dataclass(frozen=True)
class Shop:
    """A customer, products in stock, an integration's key and the session of somebody at a screen."""

    run: str
    partner: int
    products: tuple[int, ...]
    api: dict[str, str] = field(repr=False)
    pages: tuple[Page, ...] = field(repr=False)

    @classmethod
    def open(cls, estate: Estate, instance: Instance, run: str) -> Shop:
        """Create what the run needs."""
        odoo = access.json2(estate, instance, timeout=30)
        shelf = odoo.find("stock.location", [["usage", "=", "internal"]], limit=1)[0]["id"]
        products = tuple(
            odoo.create("product.product", name=f"Box {number} of {run}", is_storable=True, list_price=PRICE)
            for number in range(PRODUCTS)
        )
        for product in products:
            counted = odoo.create("stock.quant", product_id=product, location_id=shelf, inventory_quantity=ON_HAND)
            odoo.call("stock.quant", "action_apply_inventory", ids=[counted])
        api = {
            "Authorization": f"bearer {odoo.api_key}",
            "Content-Type": "application/json",
            "X-Odoo-Database": odoo.database,
        }
        partner = odoo.create("res.partner", name=f"Customer of {run}")
        return cls(run, partner, products, api, _pages(access.logged_in(estate, instance).session_id))

    @property
    def cookie(self) -> str:
        """The session of who is logged in."""
        return self.pages[0].request.headers["Cookie"]

    def page(self, number: int) -> Page:
        """Return the n-th page; each comes on new and on kept connections in turn."""
        return self.pages[number // 2 % len(self.pages)]

    def order(self, number: int) -> tuple[Write, Request]:
        """Return the n-th order as the ledger and as Odoo are to hear of it: one or two lines, two to ten pieces."""
        quantities = [1 + (number + line) % 5 for line in range(1 + number % 2)]
        reference = f"{self.run}-{number:06d}"
        lines = [
            {"product_id": self.products[(number + at) % PRODUCTS], "product_uom_qty": pieces, "price_unit": PRICE}
            for at, pieces in enumerate(quantities)
        ]
        values = {
            "partner_id": self.partner,
            "client_order_ref": reference,
            "order_line": [[0, 0, line] for line in lines],
        }
        write = Write(ORDER, reference, quantity=float(sum(quantities)), lines=len(lines))
        return write, self._call("sale.order", "create", vals_list=[values])

    def confirm(self, order: int) -> Request:
        return self._call("sale.order", "action_confirm", ids=[order])

    def transfers(self, order: int) -> Request:
        """Ask which transfers deliver an order."""
        return self._call("stock.picking", "search", domain=[["sale_id", "=", order], ["state", "=", "assigned"]])

    def deliver(self, transfers: list[int]) -> Request:
        return self._call("stock.picking", "button_validate", ids=transfers)

    def _call(self, model: str, method: str, **arguments: Any) -> Request:
        return Request("POST", f"/json/2/{model}/{method}", self.api, json.dumps(arguments).encode())


def identities(told: Told) -> list[int]:
    """Return the ids that an answer is; none when it is something else."""
    try:
        found = json.loads(told.body)
    except ValueError:
        return []
    return found if isinstance(found, list) and all(isinstance(each, int) for each in found) else []


def names_one(told: Told) -> str:
    """Say what is wrong with an answer that should be the id of what was created."""
    return "" if len(identities(told)) == 1 else f"expected one id, found {shown(told.body)}"


def names_some(told: Told) -> str:
    """Say what is wrong with an answer that should be ids."""
    return "" if identities(told) else f"expected ids, found {shown(told.body)}"


def shows(word: bytes, told: Told) -> str:
    """Say what an answer lacks that should show a word."""
    return "" if word in told.body else f"expected {word.decode()} in it, found {shown(told.body)}"


def shown(body: bytes) -> str:
    """Return the beginning of a body on one line."""
    return " ".join(body[:300].decode(errors="replace").split())


def _pages(session: str) -> tuple[Page, ...]:
    mine = {"Cookie": f"session_id={session}"}
    asked = json.dumps({"jsonrpc": "2.0", "method": "call", "params": LIST}).encode()
    return (
        Page(Request("GET", "/odoo/action-sale.action_orders", mine), b"__session_info__"),
        Page(
            Request(
                "POST",
                "/web/dataset/call_kw/sale.order/web_search_read",
                {**mine, "Content-Type": "application/json"},
                asked,
            ),
            b'"records"',
        ),
        Page(Request("GET", "/web/login"), b'name="csrf_token"'),
    )
