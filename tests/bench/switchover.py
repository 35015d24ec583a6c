"""How long nobody can write while PostgreSQL's leadership moves: by our playbook, and by patronictl alone.

The same probe looks at both, in the same run and under a load of the same rates: a program that dials as Odoo does and
writes a row every 20 ms. Each has a load of its own, since only of ours is it demanded that its users notice nothing.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from tests.bench.measure import Durations, MeasurementFailed, duration
from tests.bench.report import Line, met
from tests.estate import access, traces
from tests.estate.daemons import Patroni
from tests.estate.wait import until_whole
from tests.estate.world import Estate, Host, Instance
from tests.lab import paths
from tests.load.load import Load
from tests.load.result import Result, disproof

# Longer than the playbook takes from its first process to its last.
PROBE_SECONDS = 40
TABLE = "erpops_bench"
TIMES, BARE_TIMES = 10, 3
WRITE_GAP_LIMIT = 2.0
PROBE = """
import json, sys, time
import psycopg2
database, table, seconds = sys.argv[1], sys.argv[2], float(sys.argv[3])
connection, writes, longest = None, 0, 0.0
began = last = time.monotonic()
while time.monotonic() - began < seconds:
    try:
        if connection is None:
            connection = psycopg2.connect(dbname=database, application_name="bench")
            connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute(f"INSERT INTO {table} DEFAULT VALUES")
    except psycopg2.Error:
        connection = None
    else:
        now = time.monotonic()
        writes, longest, last = writes + 1, max(longest, now - last), now
    time.sleep(0.02)
print(json.dumps({"writes": writes, "gap": max(longest, time.monotonic() - last)}))
"""


@dataclass(frozen=True)
class Moves:
    """The leadership moved in one way: seconds without a write and without an acknowledged order, and the load."""

    writes: Durations
    orders: Durations
    load: Result


def measured(times: int, bare_times: int) -> tuple[Moves, Moves]:
    """Move the leadership so often by the playbook, then by patronictl."""
    estate = Estate.load()
    instance = estate.instance("north")
    cluster = Patroni(estate)
    until_whole(estate)
    _sql(estate, instance, f"CREATE TABLE IF NOT EXISTS {TABLE} (at timestamptz DEFAULT now())", owner=True)
    try:
        ours = _moved(estate, instance, cluster, _playbook, times)
        bare = _moved(estate, instance, cluster, lambda: _patronictl(cluster), bare_times)
    finally:
        _sql(estate, instance, f"DROP TABLE {TABLE}")
    return ours, bare


def told(ours: Moves, bare: Moves) -> Iterator[Line]:
    """Yield what is printed: what, figure, target, and whether that holds."""
    part = ours.writes.median / WRITE_GAP_LIMIT
    yield (
        "switchover: longest time without a write",
        _shown(ours.writes),
        f"at most {WRITE_GAP_LIMIT:g} s (median): {part:.2f} of it",
        part <= 1,
    )
    yield "  by patronictl alone", _shown(bare.writes), "", True
    yield "  as a ratio to it", f"{ours.writes.median / bare.writes.median:.2f}", "", True
    yield (
        "  without an acknowledged order",
        _shown(ours.orders),
        "as users see it; the load sends one each 0.5 s",
        True,
    )
    yield "  by patronictl alone", _shown(bare.orders), "", True
    yield f"  requests during {len(ours.writes.seconds)} of them", _asked(ours), met(ours.load), not ours.load.faults
    # Who moves it so may fail requests; what was acknowledged has to be there all the same.
    disproved = disproof(bare.load.kept())
    sentences = "; ".join(disproved) or "any may fail, none acknowledged be lost"
    figure = f"{_asked(bare)}, {len(bare.load.failed)} failed, {bare.load.fates['unknown']} orders unknown"
    yield f"  during {len(bare.writes.seconds)} by patronictl alone", figure, sentences, not disproved


def lines() -> Iterator[Line]:
    """Measure, and yield what is printed."""
    yield from told(*measured(TIMES, BARE_TIMES))


def _moved(estate: Estate, instance: Instance, cluster: Patroni, move: Callable[[], object], times: int) -> Moves:
    writes, orders = [], []
    with Load(estate, instance) as load:
        for _turn in range(times):
            moment = time.monotonic()
            writes.append(_gap(estate, instance, cluster, move))
            orders.append(load.longest_gap(moment))
    return Moves(Durations(tuple(writes)), Durations(tuple(orders)), load.result())


def _asked(moves: Moves) -> str:
    return f"{len(moves.load.samples)} in {moves.load.seconds:.0f} s"


def _shown(durations: Durations) -> str:
    return f"median {durations.median:.2f} s, worst {durations.worst:.2f} s"


def _gap(estate: Estate, instance: Instance, cluster: Patroni, move: Callable[[], object]) -> float:
    """Return the longest time without a write while the leadership is moved."""
    before = cluster.leader()
    with ThreadPoolExecutor(1) as pool:
        probe = pool.submit(_probe, estate.group("odoo")[0], instance)
        time.sleep(1)
        began = time.monotonic()
        move()
        took = time.monotonic() - began
        found = probe.result()
    until_whole(estate)
    if cluster.leader() == before or took > PROBE_SECONDS - 2 or found["writes"] < PROBE_SECONDS:
        raise MeasurementFailed(
            f"the leadership was at {before} and is at {cluster.leader()}, the move took {took:.1f} s of "
            f"{PROBE_SECONDS} s, {found['writes']:.0f} writes went through: nothing was measured"
        )
    return found["gap"]


def _probe(host: Host, instance: Instance) -> dict[str, float]:
    said = host.check_output(
        "printf %%s %s | docker exec -i %s python3 - %s %s %s",
        PROBE,
        access.web_container(instance),
        instance.database,
        TABLE,
        str(PROBE_SECONDS),
    )
    found: dict[str, float] = json.loads(said)
    return found


def _playbook() -> None:
    duration([paths.RUN_PLAYBOOK, "erpops.estate.switchover"], 1)


def _patronictl(cluster: Patroni) -> None:
    leader, candidate = cluster.leader(), cluster.replicas()[0]
    cluster.host(leader).check_output(
        "docker exec patroni patronictl -c /etc/patroni switchover --leader %s --candidate %s --force",
        leader,
        candidate,
    )


def _sql(estate: Estate, instance: Instance, statement: str, *, owner: bool = False) -> None:
    role = f"SET ROLE {instance.name}; " if owner else ""
    traces.psql(traces.leader(estate), instance.database, role + statement)
