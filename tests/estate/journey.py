"""A trading day in small: what is bought, received, sold, delivered, invoiced, printed and kept.

Every step goes through the virtual address by JSON-2, as an integration would; printing goes by the web
session, as people do it. Each step returns what the next one needs.
"""

from __future__ import annotations

import base64
import secrets
from dataclasses import dataclass, field
from typing import Any

from tests.estate.printed import assert_shows
from tests.estate.web import Json2, Session

BOUGHT, SOLD = 10, 4
CHART = "generic_coa"


@dataclass
class Trade:
    """What one journey left behind, to be found again by anybody."""

    reference: str
    purchase: int = 0
    purchase_name: str = ""
    receipt: int = 0
    sale: int = 0
    sale_name: str = ""
    delivery: int = 0
    invoice: int = 0
    invoice_name: str = ""
    attachment: int = 0
    content: bytes = field(default=b"", repr=False)
    product: int = 0
    product_name: str = ""


class Journey:
    """Walks through one trade; ``say`` hears of every step."""

    def __init__(self, odoo: Json2, session: Session, say: Any = None) -> None:
        self.odoo = odoo
        self.session = session
        self._say = say or (lambda _line: None)

    def walk(self) -> Trade:
        """Do everything in order."""
        # In capitals: a font may join small letters, as ff, and what is printed is read back.
        trade = Trade(reference=f"J{secrets.token_hex(5).upper()}")
        trade.product_name = f"Pallet jack {trade.reference}"
        self.prepare_accounts()
        self.buy(trade)
        self.receive(trade)
        self.sell(trade)
        self.deliver(trade)
        self.invoice(trade)
        self.attach(trade)
        for what, pdf, expected in (
            ("invoice", self.print_invoice(trade), (trade.invoice_name, trade.product_name)),
            ("delivery slip", self.print_delivery(trade), (trade.product_name,)),
        ):
            assert_shows(what, pdf, *expected)
            self._say(f"{what} printed: PDF of {len(pdf)} bytes, with {' and '.join(expected)} on it")
        return trade

    def prepare_accounts(self) -> None:
        """See to a chart of accounts: without one no company can post an invoice."""
        company = self.odoo.find("res.company", [], "chart_template", limit=1)[0]
        if not company["chart_template"]:
            self.odoo.call(
                "account.chart.template", "try_loading", template_code=CHART, company=company["id"], install_demo=False
            )
            self._say(f"chart of accounts {CHART} loaded")

    def buy(self, trade: Trade) -> None:
        """Order goods from a vendor."""
        vendor = self.odoo.create("res.partner", name=f"Vendor {trade.reference}", is_company=True)
        trade.product = self.odoo.create(
            "product.product",
            name=trade.product_name,
            type="consu",
            is_storable=True,
            list_price=240.0,
            standard_price=150.0,
            invoice_policy="delivery",
        )
        line = {"product_id": trade.product, "product_qty": BOUGHT, "price_unit": 150.0}
        trade.purchase = self.odoo.create(
            "purchase.order", partner_id=vendor, partner_ref=trade.reference, order_line=[[0, 0, line]]
        )
        self.odoo.call("purchase.order", "button_confirm", ids=[trade.purchase])
        order = self.odoo.read("purchase.order", trade.purchase, "name", "state", "picking_ids")
        assert order["state"] == "purchase", order
        trade.purchase_name, trade.receipt = order["name"], order["picking_ids"][0]
        self._say(f"{trade.purchase_name}: {BOUGHT} pieces ordered from a vendor")

    def receive(self, trade: Trade) -> None:
        """Take the goods into stock."""
        self._complete(trade.receipt)
        on_hand = self.odoo.read("product.product", trade.product, "qty_available")["qty_available"]
        assert on_hand == BOUGHT, f"expected {BOUGHT} pieces on hand, found {on_hand}"
        self._say(f"{BOUGHT} pieces received, {on_hand:.0f} on hand")

    def sell(self, trade: Trade) -> None:
        """Confirm a customer's order."""
        customer = self.odoo.create("res.partner", name=f"Customer {trade.reference}", email="orders@example.com")
        line = {"product_id": trade.product, "product_uom_qty": SOLD, "price_unit": 240.0}
        trade.sale = self.odoo.create(
            "sale.order", partner_id=customer, client_order_ref=trade.reference, order_line=[[0, 0, line]]
        )
        self.odoo.call("sale.order", "action_confirm", ids=[trade.sale])
        order = self.odoo.read("sale.order", trade.sale, "name", "state", "picking_ids")
        assert order["state"] == "sale", order
        trade.sale_name, trade.delivery = order["name"], order["picking_ids"][0]
        self._say(f"{trade.sale_name}: {SOLD} pieces sold")

    def deliver(self, trade: Trade) -> None:
        """Ship what was sold."""
        self._complete(trade.delivery)
        on_hand = self.odoo.read("product.product", trade.product, "qty_available")["qty_available"]
        assert on_hand == BOUGHT - SOLD, f"expected {BOUGHT - SOLD} pieces left, found {on_hand}"
        self._say(f"{SOLD} pieces delivered, {on_hand:.0f} left")

    def invoice(self, trade: Trade) -> None:
        """Invoice what was delivered and post the invoice."""
        wizard = self.odoo.create(
            "sale.advance.payment.inv", advance_payment_method="delivered", sale_order_ids=[[6, 0, [trade.sale]]]
        )
        self.odoo.call("sale.advance.payment.inv", "create_invoices", ids=[wizard])
        trade.invoice = self.odoo.read("sale.order", trade.sale, "invoice_ids")["invoice_ids"][0]
        self.odoo.call("account.move", "action_post", ids=[trade.invoice])
        posted = self.odoo.read("account.move", trade.invoice, "name", "state", "amount_untaxed")
        assert (posted["state"], posted["amount_untaxed"]) == ("posted", SOLD * 240.0), posted
        trade.invoice_name = posted["name"]
        self._say(f"{trade.invoice_name}: posted, {posted['amount_untaxed']:.2f} before tax")

    def attach(self, trade: Trade) -> None:
        """Keep a file with the order."""
        trade.content = f"proof of delivery {trade.reference}\n".encode() + secrets.token_bytes(4096)
        trade.attachment = self.odoo.create(
            "ir.attachment",
            name=f"{trade.reference}.bin",
            res_model="sale.order",
            res_id=trade.sale,
            mimetype="application/octet-stream",
            datas=base64.b64encode(trade.content).decode(),
        )
        self._say(f"{trade.reference}.bin attached to {trade.sale_name}")

    def print_invoice(self, trade: Trade) -> bytes:
        """Return the invoice as a PDF."""
        return self._print("account.report_invoice", trade.invoice)

    def print_delivery(self, trade: Trade) -> bytes:
        """Return the delivery slip as a PDF."""
        return self._print("stock.report_deliveryslip", trade.delivery)

    def _print(self, report: str, identity: int) -> bytes:
        answer = self.session.get(f"/report/pdf/{report}/{identity}")
        assert answer.status == 200, (
            f"expected {report} to be printed, found status {answer.status}: {answer.text[:500]}"
        )
        return answer.body

    def _complete(self, picking: int) -> None:
        self.odoo.call("stock.picking", "action_assign", ids=[picking])
        self.odoo.call("stock.picking", "button_validate", ids=[picking])
        state = self.odoo.read("stock.picking", picking, "state")["state"]
        assert state == "done", f"expected transfer {picking} to be done, found {state}"


def read_back(odoo: Json2, trade: Trade) -> None:
    """Assert that this way to Odoo shows everything the trade left behind."""
    bought = odoo.read("purchase.order", trade.purchase, "name", "state", "partner_ref")
    assert (bought["name"], bought["state"], bought["partner_ref"]) == (
        trade.purchase_name,
        "purchase",
        trade.reference,
    ), bought
    of_it = [["order_id", "=", trade.purchase], ["product_id", "=", trade.product]]
    lines = odoo.find("purchase.order.line", of_it, "product_qty", "qty_received")
    assert [(line["product_qty"], line["qty_received"]) for line in lines] == [(BOUGHT, BOUGHT)], lines
    order = odoo.read("sale.order", trade.sale, "name", "state", "client_order_ref", "invoice_status")
    assert (order["name"], order["state"], order["client_order_ref"]) == (trade.sale_name, "sale", trade.reference), (
        order
    )
    assert odoo.read("account.move", trade.invoice, "name", "state")["state"] == "posted"
    assert odoo.read("stock.picking", trade.delivery, "state")["state"] == "done"
    assert odoo.read("stock.picking", trade.receipt, "state")["state"] == "done"
    assert base64.b64decode(odoo.read("ir.attachment", trade.attachment, "datas")["datas"]) == trade.content
