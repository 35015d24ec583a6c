"""A light load of orders and its ledger: what was acknowledged must be there, once, whatever happened meanwhile."""

from __future__ import annotations

import secrets
import threading
import time
from dataclasses import dataclass, field
from itertools import pairwise

from tests.estate.web import Json2, NoAnswer, OdooError

EVERY_SECONDS = 0.4


@dataclass
class Load:
    """Writes one order after the other until stopped. Nothing is ever sent twice."""

    odoo: Json2
    run: str = field(default_factory=lambda: f"L{secrets.token_hex(4)}")
    acknowledged: dict[str, float] = field(default_factory=dict)
    unknown: dict[str, str] = field(default_factory=dict)
    refused: dict[str, str] = field(default_factory=dict)
    _stop: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None
    _partner: int = 0

    def start(self) -> None:
        self._partner = self.odoo.create("res.partner", name=f"Customer of {self.run}")
        self._thread = threading.Thread(target=self._write, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._stop.set()
        if self._thread is not None:
            self._thread.join(timeout=120)

    def since(self, moment: float) -> int:
        """Return how many orders were acknowledged after a moment of the monotonic clock."""
        return sum(at > moment for at in list(self.acknowledged.values()))

    def longest_gap(self, since: float) -> float:
        """Return the longest time between two acknowledged orders after a moment."""
        moments = [since, *sorted(at for at in list(self.acknowledged.values()) if at > since)]
        return max((later - earlier for earlier, later in pairwise(moments)), default=0.0)

    def reconcile(self) -> dict[str, int]:
        """Return how often each order of this run is in the database."""
        found: dict[str, int] = {}
        for order in self.odoo.find("sale.order", [["client_order_ref", "=like", f"{self.run}-%"]], "client_order_ref"):
            found[order["client_order_ref"]] = found.get(order["client_order_ref"], 0) + 1
        return found

    def _write(self) -> None:
        number = 0
        while not self._stop.is_set():
            number += 1
            reference = f"{self.run}-{number:05d}"
            try:
                self.odoo.create("sale.order", partner_id=self._partner, client_order_ref=reference)
                self.acknowledged[reference] = time.monotonic()
            except NoAnswer as error:
                self.unknown[reference] = str(error)
            except OdooError as error:
                # A 5xx from the edge or from Odoo does not say that nothing was written.
                (self.unknown if error.status >= 500 else self.refused)[reference] = str(error)[:300]
            self._stop.wait(EVERY_SECONDS)
