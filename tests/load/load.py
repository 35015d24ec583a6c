"""The load itself: ``with Load(estate, instance) as load: ...`` and then ``load.result()``.

Threads, one for each request under way: an answer that does not come holds up nobody else.
"""

from __future__ import annotations

import os
import resource
import secrets
import threading
import time
import traceback
from collections import Counter, deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from types import TracebackType

from tests.estate.world import Estate, Instance
from tests.lab import paths
from tests.load import database, traffic
from tests.load.ledger import CONFIRM, DELIVER, ORDER, Ledger, Write, read
from tests.load.outcome import PATIENCE, Fate, Told, failure, fate
from tests.load.result import Machine, Result, Sample, Websockets, longest_gap
from tests.load.schedule import Arrival, Rates, arrivals
from tests.load.sockets import Listener
from tests.load.truth import Truth, judge
from tests.load.wire import Request, Wire

LEDGERS = paths.LAB / "load"
PAGE, WEBSOCKET, LOOK_UP = "page", "websocket", "look up"


@dataclass(frozen=True)
class Heard:
    """An answer, what its content lacks, and when it was there."""

    told: Told
    lacks: str
    at: float

    @property
    def failed(self) -> bool:
        return self.told.status != 200 or bool(self.lacks)

    @property
    def detail(self) -> str:
        return self.told.detail or self.lacks or f"status {self.told.status}: {traffic.shown(self.told.body)}"


class Load:
    """Orders, page reads and open websockets from entry to exit. Nothing is ever sent twice."""

    def __init__(
        self,
        estate: Estate,
        instance: Instance,
        *,
        rates: Rates | None = None,
        websockets: int = 2,
        directory: Path = LEDGERS,
    ) -> None:
        self.estate, self.instance = estate, instance
        self.rates = asdict(rates or Rates())
        self.run = f"L{secrets.token_hex(4)}"
        self.samples: list[Sample] = []
        self.acknowledged: dict[str, float] = {}
        self.defects: list[str] = []
        self.began = self.ended = 0.0
        self._directory, self._websockets = directory, websockets
        self._wire = Wire.to(estate, instance)
        self._fates: Counter[str] = Counter()
        self._to_confirm: deque[Write] = deque()
        self._to_deliver: deque[Write] = deque()
        self._stopping = threading.Event()
        # As many as can be under way when nothing is answered any more.
        under_way = int(sum(self.rates.values()) * PATIENCE * 2) + 16
        self._pool = ThreadPoolExecutor(under_way, thread_name_prefix="request")
        self._threads: list[threading.Thread] = []
        self._listeners: list[Listener] = []
        self._acts: dict[str, Callable[[Arrival, float], None]] = {
            ORDER: self._order,
            CONFIRM: self._confirm,
            DELIVER: self._deliver,
            PAGE: self._page,
        }

    def __enter__(self) -> Load:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def start(self) -> None:
        """Open the shop and let them in."""
        self._shop = traffic.Shop.open(self.estate, self.instance, self.run)
        self._ledger = Ledger(self._directory / f"{self.run}.jsonl", self.run, self.instance.name)
        self._cpu = _machine_seconds(), _own_seconds()
        self.began = time.monotonic()
        for _screen in range(self._websockets):
            self._listeners.append(Listener(self._wire, self._shop.cookie, self._stopping, self._handshake))
        for act in (self._let_in, *(listener.run for listener in self._listeners)):
            thread = threading.Thread(target=self._guarded, args=(act,), name=act.__qualname__, daemon=True)
            thread.start()
            self._threads.append(thread)

    def stop(self) -> None:
        """Let nobody in any more and wait for those who are inside; a second call changes nothing."""
        if self._stopping.is_set():
            return
        self._stopping.set()
        self.ended = time.monotonic()
        self._cpu = _machine_seconds() - self._cpu[0], _own_seconds() - self._cpu[1]
        for thread in self._threads:
            thread.join(PATIENCE * 2)
            if thread.is_alive():
                self.defects.append(f"expected {thread.name} to end within {PATIENCE * 2:g} s, found that it runs on")
        self._pool.shutdown(wait=True)
        self._wire.close()
        self._ledger.close()

    def since(self, moment: float) -> int:
        """Return how many orders were acknowledged after a moment of the monotonic clock."""
        return sum(at > moment for at in list(self.acknowledged.values()))

    def longest_gap(self, since: float) -> float:
        """Return the longest time without an acknowledged order after a moment, up to now."""
        return longest_gap(list(self.acknowledged.values()), since, self.ended or time.monotonic())

    def failed(self, since: float = 0.0) -> list[Sample]:
        """Return the failed requests that were due after a moment."""
        return [sample for sample in list(self.samples) if sample.failure and sample.due >= since]

    def truth(self) -> Truth:
        """Stop, read the ledger from the disk and the database on its leader, and compare."""
        self.stop()
        history = read(self._ledger.path)
        found = judge(history, database.read(self.estate, self.instance.database, history.run))
        if set(found.broken) != {database.RESERVED}:
            return found
        # The one thing that Odoo itself leaves to be put right; what it was stays in the result.
        traffic.tidy(self.estate, self.instance)
        after = judge(history, database.read(self.estate, self.instance.database, history.run))
        return replace(after, put_right=tuple(found.faults))

    def result(self) -> Result:
        """Stop, look into the database and return everything that is to be known."""
        self.stop()
        outages = [outage for listener in self._listeners for outage in listener.outages]
        answers = [seconds for listener in self._listeners for seconds in listener.answers]
        processors, seconds = os.cpu_count() or 1, self.ended - self.began
        return Result(
            run=self.run,
            ledger=str(self._ledger.path),
            began=self.began,
            ended=self.ended,
            wanted=self.rates,
            samples=tuple(sorted(self.samples, key=lambda sample: sample.due)),
            acknowledged=tuple(self.acknowledged.values()),
            fates={fate.value: self._fates[fate.value] for fate in Fate},
            connections={"new": self._wire.opened, "kept ones used again": self._wire.reused},
            websockets=Websockets(
                len(self._listeners),
                len(answers),
                max(answers, default=0.0),
                tuple(outage.seconds for outage in outages),
                tuple(outage.why for outage in outages),
            ),
            machine=Machine(processors, self._cpu[0] / seconds / processors, self._cpu[1] / seconds),
            truth=self.truth(),
            defects=tuple(self.defects),
        )

    def _let_in(self) -> None:
        """Hand over each request when it is due; those that are overdue at once, none is left out."""
        for arrival in arrivals(self.rates):
            due = self.began + arrival.due
            if self._stopping.wait(max(0.0, due - time.monotonic())):
                return
            self._pool.submit(self._acts[arrival.stream], arrival, due).add_done_callback(self._noticed)

    def _order(self, arrival: Arrival, due: float) -> None:
        write, request = self._shop.order(arrival.number)
        self._ledger.sent(write)
        heard = self._ask(ORDER, request, arrival, due, traffic.names_one)
        settled = self._settle(write, heard)
        self._fates[settled.fate.value] += 1
        if settled.fate is Fate.ACKNOWLEDGED:
            self.acknowledged[write.reference] = heard.at
            self._to_confirm.append(settled)

    def _confirm(self, arrival: Arrival, due: float) -> None:
        if self._to_confirm:
            write = replace(self._to_confirm.popleft(), act=CONFIRM)
            if self._carry_on(write, self._shop.confirm(write.order), arrival, due) is Fate.ACKNOWLEDGED:
                self._to_deliver.append(write)

    def _deliver(self, arrival: Arrival, due: float) -> None:
        if not self._to_deliver:
            return
        write = replace(self._to_deliver.popleft(), act=DELIVER)
        heard = self._ask(LOOK_UP, self._shop.transfers(write.order), arrival, due, traffic.names_some)
        if not heard.failed:
            # Nobody can ask for this before the answer to the other is there: it is due from then on.
            self._carry_on(write, self._shop.deliver(traffic.identities(heard.told)), arrival, heard.at)

    def _page(self, arrival: Arrival, due: float) -> None:
        page = self._shop.page(arrival.number)
        self._ask(PAGE, page.request, arrival, due, partial(traffic.shows, page.word))

    def _carry_on(self, write: Write, request: Request, arrival: Arrival, due: float) -> Fate:
        """Send a write about an order that is there."""
        self._ledger.sent(write)
        return self._settle(write, self._ask(write.act, request, arrival, due, partial(traffic.shows, b"true"))).fate

    def _settle(self, write: Write, heard: Heard) -> Write:
        """Write down what became of a write; only then it counts."""
        named = traffic.identities(heard.told) if write.act == ORDER and not heard.lacks else []
        settled = replace(
            write, fate=fate(heard.told, heard.lacks), order=named[0] if named else write.order, why=heard.detail
        )
        self._ledger.settled(settled)
        return settled

    def _ask(self, stream: str, request: Request, arrival: Arrival, due: float, lacks: Callable[[Told], str]) -> Heard:
        started = time.monotonic()
        told = self._wire.ask(request, kept=arrival.kept)
        heard = Heard(told, lacks(told) if told.status == 200 else "", time.monotonic())
        self._note(stream, due, started, heard)
        return heard

    def _handshake(self, due: float, told: Told) -> None:
        self._note(WEBSOCKET, due, due, Heard(told, "", time.monotonic()))

    def _note(self, stream: str, due: float, started: float, heard: Heard) -> None:
        found = failure(heard.told, heard.at - due, heard.lacks)
        self.samples.append(Sample(stream, due, started, heard.at, found, heard.detail if found else ""))

    def _noticed(self, done: Future[None]) -> None:
        if error := done.exception():
            self.defects.append("".join(traceback.format_exception(error)).strip())

    def _guarded(self, act: Callable[[], None]) -> None:
        """A thread that ends by a fault of ours must not look like a quiet estate."""
        try:
            act()
        except Exception:  # noqa: BLE001 - whatever it is, the result says it
            self.defects.append(traceback.format_exc().strip())


def _machine_seconds() -> float:
    """Return the processor time that the whole machine has spent, idling and waiting left out."""
    spent = [int(field) for field in Path("/proc/stat").read_text(encoding="ascii").split("\n", 1)[0].split()[1:9]]
    return (sum(spent) - spent[3] - spent[4]) / os.sysconf("SC_CLK_TCK")


def _own_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime
