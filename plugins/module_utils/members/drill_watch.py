# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Users of an instance while a drill runs: what they ask is due at fixed moments, however long answers take.

They come through the virtual address under the name that users dial, each time on a connection of their own.
"""

from __future__ import annotations

import heapq
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import count
from typing import Any

from ansible_collections.erpops.estate.plugins.module_utils.clients.errors import ClientError
from ansible_collections.erpops.estate.plugins.module_utils.clients.odoo_http import Route, Session
from ansible_collections.erpops.estate.plugins.module_utils.policy.drill_verdict import (
    PATIENCE_SECONDS,
    Sample,
    summary,
    truth,
)
from ansible_collections.erpops.estate.plugins.module_utils.policy.drills import STREAMS

# As many as can wait at once when nothing is answered any more.
MOST = 256
AFTERWARDS_SECONDS = 90.0
ENDED = "SessionExpired"


@dataclass(frozen=True)
class Target:
    """Where users go, and who they are."""

    host: str
    address: str
    port: int
    ca_file: str
    login: str
    password: str

    def route(self) -> Route:
        """Return a way that nobody else uses."""
        what = f"{self.host} at {self.address}"
        return Route(what, self.address, self.port, host=self.host, ca_file=self.ca_file, timeout=PATIENCE_SECONDS)


class Watch:
    """Does what users do, from when it is made until :meth:`run` has ended."""

    def __init__(self, target: Target, mark: str) -> None:
        """``mark`` is in the name of everything that is written, and nowhere else."""
        self._target = target
        self._mark = mark
        self._session = Session(target.route())
        self._session.log_in(target.login, target.password)
        self._samples: list[Sample] = []
        self._acknowledged: list[str] = []
        self._unknown: list[str] = []
        self._logged_out = 0
        self._lock = threading.Lock()
        self._acts: dict[str, Callable[[Route, int], None]] = {
            "connect": self._connect,
            "page": self._page,
            "write": self._write,
            "session": self._known,
            "login": self._log_in,
        }

    def run(self, streams: Sequence[str], seconds: float) -> dict[str, Any]:
        """Watch for so long and return the figures; nothing that was written stays."""
        began = time.monotonic()
        with ThreadPoolExecutor(MOST) as pool:
            for due, stream, number in _due(streams):
                if due > seconds:
                    break
                time.sleep(max(0.0, began + due - time.monotonic()))
                pool.submit(self._do, stream, number, began)
        return {
            "streams": summary(self._samples, seconds),
            "writes": self._truth(),
            "logged_out": self._logged_out,
        }

    def _do(self, stream: str, number: int, began: float) -> None:
        why = ""
        route = self._target.route()
        try:
            self._acts[stream](route, number)
        except ClientError as error:
            why = f"{error.kind}: {error.found}"[:200]
        finally:
            route.close()
        with self._lock:
            self._samples.append(Sample(stream, time.monotonic() - began, why))
            # That the session is not there any more is another answer than that nobody can tell.
            self._logged_out += ENDED in why

    def _connect(self, route: Route, _number: int) -> None:
        route.connect()

    def _page(self, route: Route, _number: int) -> None:
        Session(route).get("/web/login")

    def _known(self, route: Route, _number: int) -> None:
        self._session.through(route).call("res.users", "context_get", [])

    def _log_in(self, route: Route, _number: int) -> None:
        session = Session(route)
        session.log_in(self._target.login, self._target.password)
        session.log_out()

    def _write(self, route: Route, number: int) -> None:
        name = f"{self._mark}-{number:06d}"
        # A link costs nobody a file. Each is a row of its own, so that no two wait for each other.
        values = {"name": name, "type": "url", "url": f"https://{self._target.host}/{name}"}
        try:
            self._session.through(route).call("ir.attachment", "create", [[values]])
        except ClientError:
            with self._lock:
                self._unknown.append(name)
            raise
        with self._lock:
            self._acknowledged.append(name)

    def _truth(self) -> dict[str, Any]:
        """Look for everything that was written, then remove it; service has some time to come back."""
        until = time.monotonic() + AFTERWARDS_SECONDS
        mine = [["name", "=like", f"{self._mark}-%"]]
        while True:
            session = Session(self._target.route())
            try:
                session.log_in(self._target.login, self._target.password)
                found = session.call("ir.attachment", "search_read", [mine, ["name"]])
                session.call("ir.attachment", "unlink", [[entry["id"] for entry in found]])
                session.log_out()
                break
            except ClientError:
                if time.monotonic() > until:
                    raise
                time.sleep(2)
        return truth(self._acknowledged, self._unknown, [entry["name"] for entry in found])


def _due(streams: Sequence[str]) -> Iterator[tuple[float, str, int]]:
    """Yield when which thing is due, in seconds; streams are set apart so that they do not fall together."""

    def of(stream: str, offset: float) -> Iterator[tuple[float, str, int]]:
        return (((number + offset) * STREAMS[stream], stream, number) for number in count())

    return heapq.merge(*(of(stream, place / len(streams)) for place, stream in enumerate(streams)))
