"""People who call the virtual address: some who open a connection every 50 ms, and one who keeps his."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from http.client import HTTPException, HTTPSConnection
from types import TracebackType

from tests.estate.web import Route, through

EVERY = 0.05
# Seconds after which somebody who waits counts as one without an answer.
PATIENCE = 1.0
# The edges answer this by themselves, and refuse it.
PATH, REFUSED = "/websocket/health", 403


@dataclass
class NewCallers(AbstractContextManager["NewCallers"]):
    """A new connection every 50 ms, each with one request that the edge answers itself."""

    route: Route
    patience: float = PATIENCE
    called: list[tuple[float, float, str]] = field(default_factory=list)
    _stop: threading.Event = field(default_factory=threading.Event)
    _pool: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(60))

    def __enter__(self) -> NewCallers:
        self._thread = threading.Thread(target=self._let_in, daemon=True)
        self._thread.start()
        time.sleep(1)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        self._thread.join()
        self._pool.shutdown(wait=True)

    def failed(self) -> list[str]:
        """Return what was said to those who got no answer."""
        return [found for _due, _seconds, found in self.called if found]

    def outage(self) -> float:
        """Return the seconds from the first who got no answer to the last, both counted."""
        failed = sorted(due for due, _seconds, found in self.called if found)
        return failed[-1] - failed[0] + EVERY if failed else 0.0

    def slowest(self) -> float:
        """Return how long the slowest answer took."""
        return max((seconds for _due, seconds, found in self.called if not found), default=0.0)

    def __str__(self) -> str:
        return (
            f"{len(self.failed())} of {len(self.called)} new connections without an answer, within "
            f"{self.outage():.2f} s; slowest answer {self.slowest():.2f} s"
        )

    def _let_in(self) -> None:
        due = time.monotonic()
        while not self._stop.wait(max(0.0, due - time.monotonic())):
            self._pool.submit(self._call, due)
            due += EVERY

    def _call(self, due: float) -> None:
        found = ""
        try:
            route = Route(self.route.name, self.route.address, self.route.context, timeout=self.patience)
            status = route.request("GET", PATH).status
            found = "" if status == REFUSED else f"status {status}"
        except OSError as error:
            found = str(error)
        self.called.append((due, time.monotonic() - due, found))


@dataclass
class Regular(AbstractContextManager["Regular"]):
    """One who asks every 100 ms on the connection he has, and opens another only when he was told to."""

    route: Route
    answers: int = 0
    opened: int = 0
    troubles: list[str] = field(default_factory=list)
    _stop: threading.Event = field(default_factory=threading.Event)

    def __enter__(self) -> Regular:
        self._thread = threading.Thread(target=self._ask, daemon=True)
        self._thread.start()
        time.sleep(0.5)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        self._thread.join()

    def _ask(self) -> None:
        connection: HTTPSConnection | None = None
        while not self._stop.wait(0.1):
            if connection is None:
                connection = through(self.route)
                self.opened += 1
            try:
                connection.request("GET", PATH)
                response = connection.getresponse()
                response.read()
                assert response.status == REFUSED, f"status {response.status}"
                self.answers += 1
                if response.will_close:
                    connection = None
            except (AssertionError, OSError, HTTPException) as error:
                self.troubles.append(f"{type(error).__name__}: {error}")
                connection = None
