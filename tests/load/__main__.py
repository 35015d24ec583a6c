"""Loads the running estate and says what became of every order: ``python -m tests.load --seconds 60``.

``--verify LEDGER`` looks into the database again for a run that is over, or was killed.
Ends with 0 when nothing failed, 1 when the database contradicts the ledger, 2 when only requests failed or the
load could not hold its own schedule.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path

from tests.estate.world import Estate
from tests.lab import paths
from tests.load import database, ledger
from tests.load.load import LEDGERS, Load
from tests.load.schedule import Rates
from tests.load.truth import Truth, judge

EVERY = 10.0
UNTRUE, FAILED = 1, 2


def load(options: argparse.Namespace) -> int:
    estate = Estate.load()
    rates = Rates(options.orders, options.pages, options.confirmations, options.deliveries)
    instance = estate.instance(options.instance)
    with Load(estate, instance, rates=rates, websockets=options.websockets, directory=options.directory) as load:
        try:
            _watch(load, options.seconds)
        except KeyboardInterrupt:
            print("  ended early", flush=True)
    result = load.result()
    file = options.directory / f"{result.run}.json"
    paths.write(file, json.dumps(result.data(), indent=2) + "\n")
    print(f"{result.summary()}\n  kept in {file}, the ledger beside it")
    if not result.truth.holds:
        return UNTRUE
    return FAILED if result.faults else 0


def verify(path: Path) -> int:
    history = ledger.read(path)
    estate = Estate.load()
    truth = judge(history, database.read(estate, estate.instance(history.instance).database, history.run))
    print(f"{history.run}: {truth.acknowledged} acknowledged orders looked for")
    _say_unknown(truth)
    for fault in truth.faults:
        print(f"  FAULT  {fault}")
    return 0 if truth.holds else UNTRUE


def _watch(load: Load, seconds: float) -> None:
    end = load.began + seconds
    while (left := end - time.monotonic()) > 0:
        time.sleep(min(EVERY, left))
        passed = time.monotonic() - load.began
        print(
            f"  {passed:4.0f} s  {len(load.acknowledged)} orders acknowledged, "
            f"{len(load.samples)} requests, {len(load.failed())} failed",
            flush=True,
        )


def _say_unknown(truth: Truth) -> None:
    for what, writes in (("there", truth.unknown.there), ("not there", truth.unknown.absent)):
        for write in writes:
            print(f"  unknown, {what}: {write}")


def main() -> int:
    """Read the command line and do it."""
    usual = Rates()
    parser = argparse.ArgumentParser(prog="python -m tests.load", description="Loads the lab, then asks its database.")
    parser.add_argument("--seconds", type=float, default=60, help="how long (default: %(default)s)")
    parser.add_argument("--instance", default="north", help="which instance (default: %(default)s)")
    for name, rate in (
        ("orders", usual.order),
        ("pages", usual.page),
        ("confirmations", usual.confirm),
        ("deliveries", usual.deliver),
    ):
        parser.add_argument(f"--{name}", type=float, default=rate, help="a second (default: %(default)s)")
    parser.add_argument("--websockets", type=int, default=2, help="kept open (default: %(default)s)")
    parser.add_argument("--directory", type=Path, default=LEDGERS, help="of ledger and result (default: %(default)s)")
    parser.add_argument("--verify", type=Path, metavar="LEDGER", help="only look for what this ledger says")
    options = parser.parse_args()
    return verify(options.verify) if options.verify else load(options)


if __name__ == "__main__":
    sys.exit(main())
