"""Kills playbooks inside their mutations on the running estate, under load: ``python -m tests.interruptions``.

Ends with 1 where one did not come out as it must, with 2 where a moment was not reached and nothing was interrupted, or
where the code is not committed. What was done without load is not kept.
"""

from __future__ import annotations

import argparse
import sys
import time
import traceback
from contextlib import nullcontext
from typing import Any

from tests import kept
from tests.estate.world import Estate
from tests.interruptions import results
from tests.interruptions.carry_out import carry_out
from tests.interruptions.interrupt import NotReached
from tests.interruptions.points import PLAYS, POINTS, UNTRIED
from tests.load.load import Load
from tests.load.result import disproof

FAILED, NOT_REACHED, UNCOMMITTED = 1, 2, 2


def one(estate: Estate, name: str, *, loaded: bool) -> dict[str, Any]:
    """Carry out one point and return what is kept of it; under load no acknowledged order may be lost."""
    load = Load(estate, estate.instance("north")) if loaded else None
    with load or nullcontext():
        done = carry_out(estate, POINTS[name])
    found = {"at_time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()), **done}
    if load is None:
        return found
    result = load.result()
    print(result.summary(), flush=True)
    proven = result.kept()
    assert not disproof(proven), result.summary()
    return {**found, "load": proven}


def listed() -> str:
    """Return the points as a person reads them."""
    known = results.read()
    lines = []
    for name, point in POINTS.items():
        state = "UNTRIED" if name in UNTRIED and name not in known else "; ".join(results.complaints(name)) or "holds"
        lines.append(f"{point.playbook:<16} {name:<28} {point.kill:<11} {state:<8} {point.does}")
    return "\n".join(lines)


def main() -> int:
    """Read the command line and do it."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.interruptions", description="Playbooks killed inside their mutations, under load."
    )
    parser.add_argument("point", nargs="*", choices=[[], *POINTS], help="which (default: all)")
    parser.add_argument("--playbook", choices=list(PLAYS), help="only those of this playbook")
    parser.add_argument("--unloaded", action="store_true", help="without load; quicker, and nothing is kept of it")
    parser.add_argument("--list", action="store_true", help="only say which there are, and what is known of them")
    options = parser.parse_args()
    if options.list:
        print(listed())
        return 0
    names = [name for name in options.point or POINTS if options.playbook in (None, POINTS[name].playbook)]
    try:
        commit = "" if options.unloaded else kept.commit()
    except kept.Uncommitted as error:
        print(error, file=sys.stderr)
        return UNCOMMITTED
    estate, ends = Estate.load(), {0}
    for name in names:
        print(f"{name}: {POINTS[name].does}", flush=True)
        try:
            done = one(estate, name, loaded=not options.unloaded)
        except NotReached as error:
            print(f"{name}: {error}", flush=True)
            ends.add(NOT_REACHED)
            continue
        except Exception:  # noqa: BLE001 - whatever it is, the next point is another matter
            print(f"{name}: did not come out as it must\n{traceback.format_exc()}", flush=True)
            results.forget(name)
            ends.add(FAILED)
            continue
        print("\n".join([f"{name}: in {done['seconds']} s", *(f"  {each}" for each in done["left"] + done["said"])]))
        if commit:
            results.keep(name, commit, done)
    return FAILED if FAILED in ends else max(ends)


if __name__ == "__main__":
    sys.exit(main())
