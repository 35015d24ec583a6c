"""Orders in an open loop, and a verifier that is right about them: also when something is wrong."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from tests.estate.wait import until
from tests.estate.world import Estate, Instance
from tests.lab import paths
from tests.load import database
from tests.load.ledger import CONFIRM, DELIVER, ORDER, History, Write, read
from tests.load.load import Load
from tests.load.outcome import Fate
from tests.load.result import Result
from tests.load.truth import Truth, found_in, judge

SECONDS = 20


@pytest.fixture(scope="module")
def load(estate: Estate, north: Instance, tmp_path_factory: pytest.TempPathFactory) -> Load:
    """A load that is over."""
    with Load(estate, north, directory=tmp_path_factory.mktemp("load")) as load:
        time.sleep(SECONDS)
    return load


@pytest.fixture(scope="module")
def result(load: Load) -> Result:
    return load.result()


@pytest.fixture(scope="module")
def history(load: Load) -> History:
    return read(Path(load.result().ledger))


def test_all_that_was_due_was_sent_answered_and_is_in_the_database(result: Result) -> None:
    assert result.faults == [], result.summary()
    streams = result.data()["streams"]
    assert (streams["order"]["reached"], streams["page"]["reached"]) >= (1.95, 4.9), result.summary()
    assert result.truth.acknowledged == result.fates["acknowledged"] == streams["order"]["requests"]
    assert result.connections["new"] > SECONDS
    assert result.connections["kept ones used again"] > SECONDS
    assert (result.websockets.open, result.websockets.outages) == (2, ())
    assert result.websockets.asked > SECONDS


def test_orders_were_confirmed_and_delivered_too(history: History) -> None:
    assert history.of(CONFIRM, Fate.ACKNOWLEDGED)
    assert history.of(DELIVER, Fate.ACKNOWLEDGED)


def test_an_acknowledgement_that_nobody_gave_is_seen(load: Load, history: History, estate: Estate) -> None:
    found = database.read(estate, load.instance.database, load.run)
    never = Write(ORDER, f"{load.run}-999999", Fate.ACKNOWLEDGED, 1, 1.0, 1)
    assert judge(replace(history, writes=(*history.writes, never)), found).lost == (never.reference,)
    kept = tuple(write for write in history.writes if write.reference != f"{load.run}-000000")
    assert judge(replace(history, writes=kept), found).unasked == (f"{load.run}-000000",)


# DELIVERED stands for an order that was; on the last one nothing hangs yet.
HARM = """
begin;
create temporary table ours on commit drop as select * from sale_order where client_order_ref = 'DELIVERED';
create temporary table last on commit drop as
  select * from sale_order where client_order_ref like :'run' || '-%' order by id desc limit 1;
create temporary table a_line on commit drop as
  select * from sale_order_line where order_id = (select id from ours);
create temporary table a_quant on commit drop as
  select max(q.id) as id from stock_quant q join a_line using (product_id)
  join stock_location l on l.id = q.location_id and l.usage = 'internal';
create temporary table a_copy on commit drop as select * from ours;
update a_copy set id = nextval('sale_order_id_seq');
"""


@pytest.mark.parametrize(
    ("harm", "said"),
    [
        ("", ()),
        (
            "insert into sale_order select * from a_copy;",
            ("in the database more than once", "two orders have one number", "an order has no line"),
        ),
        (
            "update a_copy set client_order_ref = :'run' || '-999999'; insert into sale_order select * from a_copy;",
            ("not of this ledger",),
        ),
        (
            "update a_copy set id = id + 1000; insert into sale_order select * from a_copy;",
            ("a sequence is behind what it gave out",),
        ),
        (
            "delete from sale_order where id = (select id from last);",
            ("acknowledged and not in the database",),
        ),
        (
            "delete from sale_order_line where id in (select id from a_line);",
            ("acknowledged as something else", "an order has no line"),
        ),
        (
            "update sale_order_line set product_uom_qty = product_uom_qty + 1 where id in (select id from a_line);",
            ("acknowledged as something else",),
        ),
        (
            "update sale_order set amount_untaxed = amount_untaxed + 1 where id in (select id from ours);",
            ("an order's total is not the sum of its lines",),
        ),
        (
            "update sale_order set state = 'draft' where id in (select id from ours);",
            ("confirm DELIVERED",),
        ),
        (
            "update stock_move set state = 'assigned' where sale_line_id in (select id from a_line);",
            ("deliver DELIVERED",),
        ),
        (
            "update stock_quant set quantity = quantity + 1 where id in (select id from a_quant);",
            ("stock on hand is not what came in less what went out",),
        ),
        (
            "update stock_quant set reserved_quantity = reserved_quantity + 1 where id in (select id from a_quant);",
            ("stock reserved is not what open transfers hold",),
        ),
    ],
)
def test_harm_to_the_database_is_seen(
    load: Load, history: History, estate: Estate, harm: str, said: tuple[str, ...]
) -> None:
    """Done for real, in a transaction that the verifier's question is part of and that is taken back."""
    delivered = history.of(DELIVER, Fate.ACKNOWLEDGED)[0].reference
    script = f"{HARM} {harm} {database.QUESTION} rollback;".replace("DELIVERED", delivered)
    answer = database.psql(database.leader(estate), load.instance.database, script, load.run)
    truth: Truth = judge(history, found_in(json.loads(answer)))
    assert truth.holds == (not said)
    for part in said:
        assert any(part.replace("DELIVERED", delivered) in fault for fault in truth.faults), truth.faults


def test_a_load_that_is_killed_leaves_a_ledger_to_go_by(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "tests.load", "--directory", str(tmp_path)]
    killed = subprocess.Popen([*command, "--seconds", "300"], cwd=paths.ROOT)
    try:
        until(
            lambda: any(file.read_text().count("acknowledged") > 5 for file in tmp_path.glob("*.jsonl")), 60, "orders"
        )
    finally:
        killed.kill()
        killed.wait()
    (ledger,) = tmp_path.glob("*.jsonl")
    asked = subprocess.run(
        [*command, "--verify", str(ledger)], cwd=paths.ROOT, capture_output=True, text=True, check=False
    )
    assert asked.returncode == 0, asked.stdout + asked.stderr
    assert f"{len(read(ledger).of(ORDER, Fate.ACKNOWLEDGED))} acknowledged orders" in asked.stdout
