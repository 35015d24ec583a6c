"""How long nobody can write while PostgreSQL's leadership moves: by our playbook, and by patronictl alone.

The same probe looks at both, in turn, in the same run and under the same load: a program that dials as Odoo does
and writes a row every 20 ms. What the load's users met meanwhile is in its result.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from tests.bench.measure import Durations, MeasurementFailed, duration
from tests.estate import access, traces
from tests.estate.daemons import Patroni
from tests.estate.wait import until_whole
from tests.estate.world import Estate, Host, Instance
from tests.lab import paths
from tests.load.load import Load
from tests.load.result import Result

# Longer than the playbook takes from its first process to its last.
PROBE_SECONDS = 25
TABLE = "erpops_bench"
TIMES = 3
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
class Switchovers:
    """Seconds without a write, by who moved the leadership; seconds without an acknowledged order; and the load."""

    ours: Durations
    bare: Durations
    orders: Durations
    load: Result


def measured(times: int, bare_times: int) -> Switchovers:
    """Move the leadership so often by the playbook, and by patronictl in between."""
    estate = Estate.load()
    instance = estate.instance("north")
    cluster = Patroni(estate)
    ours, bare, orders = [], [], []
    until_whole(estate)
    _sql(estate, instance, f"CREATE TABLE IF NOT EXISTS {TABLE} (at timestamptz DEFAULT now())", owner=True)
    try:
        with Load(estate, instance) as load:
            for turn in range(max(times, bare_times)):
                if turn < times:
                    moment = time.monotonic()
                    ours.append(_gap(estate, instance, cluster, _playbook))
                    orders.append(load.longest_gap(moment))
                if turn < bare_times:
                    bare.append(_gap(estate, instance, cluster, lambda: _patronictl(cluster)))
    finally:
        _sql(estate, instance, f"DROP TABLE {TABLE}")
    return Switchovers(Durations(tuple(ours)), Durations(tuple(bare)), Durations(tuple(orders)), load.result())


def lines() -> Iterator[tuple[str, str, str, bool]]:
    """Measure, and yield what is printed: what, figure, target, and whether that holds."""
    found = measured(TIMES, TIMES)
    part = found.ours.median / WRITE_GAP_LIMIT
    yield (
        "switchover: longest time without a write",
        _shown(found.ours),
        f"at most {WRITE_GAP_LIMIT:g} s (median): {part:.2f} of it",
        part <= 1,
    )
    yield "  by patronictl alone", _shown(found.bare), "", True
    yield "  as a ratio to it", f"{found.ours.median / found.bare.median:.2f}", "", True
    yield (
        "  without an acknowledged order",
        _shown(found.orders),
        "as users see it; the load sends one each 0.5 s",
        True,
    )
    load, count = found.load, len(found.ours.seconds) + len(found.bare.seconds)
    yield (
        f"  requests during {count} of them",
        f"{len(load.samples)}: {len(load.failed)} failed, {load.fates['unknown']} orders unknown",
        f"aim 0 and 0; lost {len(load.truth.lost)}, doubled {len(load.truth.doubled)}",
        True,
    )


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
        PROBE, access.web_container(instance), instance.database, TABLE, str(PROBE_SECONDS),
    )  # fmt: skip
    found: dict[str, float] = json.loads(said)
    return found


def _playbook() -> None:
    duration([paths.RUN_PLAYBOOK, "erpops.estate.switchover"], 1)


def _patronictl(cluster: Patroni) -> None:
    leader, candidate = cluster.leader(), cluster.replicas()[0]
    cluster.host(leader).check_output(
        "docker exec patroni patronictl -c /etc/patroni switchover --leader %s --candidate %s --force",
        leader, candidate,
    )  # fmt: skip


def _sql(estate: Estate, instance: Instance, statement: str, *, owner: bool = False) -> None:
    role = f"SET ROLE {instance.name}; " if owner else ""
    traces.psql(traces.leader(estate), instance.database, role + statement)
