"""The kept results of the drills, and whether they still say something about the code that is there."""

from __future__ import annotations

import json
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from ansible_collections.erpops.estate.plugins.module_utils.policy import drill_verdict
from ansible_collections.erpops.estate.plugins.module_utils.policy.drill_faults import Fault
from ansible_collections.erpops.estate.plugins.module_utils.policy.drills import SCENARIOS, STREAMS, UNPROVEN, Scenario

from tests import kept
from tests.lab import paths
from tests.load.result import disproof

FILE = paths.ROOT / "tests" / "drills" / "results.json"


def digest(scenario: Scenario) -> str:
    """Return what a result is about: the scenario without its bounds, what its fault does, and the code it covers."""
    said = asdict(scenario)
    # A bound is judged anew each time; how often users ask is part of each figure.
    del said["bounds"]
    said["streams"] = {stream: STREAMS[stream] for stream in scenario.streams}
    fault = Fault(scenario.fault, scenario.service, ["peer"], [1])
    return kept.digest([json.dumps(said, sort_keys=True), fault.inject(), fault.lift()], scenario.covers)


def read() -> dict[str, Any]:
    """Return what is kept, by scenario."""
    return kept.read(FILE)


def keep(name: str, commit: str, run: Mapping[str, Any]) -> dict[str, Any]:
    """Keep one more drill of a scenario; those of other code, and more than are asked for, are forgotten."""
    entries, scenario = read(), SCENARIOS[name]
    now = digest(scenario)
    before = entries.get(name, {})
    runs = [*(before.get("runs", []) if before.get("exercised") == now else []), run][-scenario.repeat :]
    entry = {"exercised": now, "commit": commit, "runs": runs, "verdict": judge(name, runs)}
    if "bare" in before:
        entry["bare"] = before["bare"]
    kept.write(FILE, {**entries, name: entry}, SCENARIOS)
    return entry


def keep_bare(name: str, commit: str, runs: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Keep the figures of drills with Patroni's own times beside the result of ours, which has to be there."""
    entries = read()
    gaps = {stream: [run["streams"][stream]["gap"] for run in runs] for stream in SCENARIOS[name].bounds}
    found = {"commit": commit, "at": runs[-1]["at"], "gaps": gaps}
    kept.write(FILE, {**entries, name: {**entries[name], "bare": found}}, SCENARIOS)
    return found


def judge(name: str, runs: list[Mapping[str, Any]]) -> dict[str, Any]:
    """Return the verdict on what users went through, and on the load's own ledger."""
    found, wanted = drill_verdict.verdict(name, runs), SCENARIOS[name].repeat
    if len(runs) < wanted:
        found["reasons"].append(f"expected the median of {wanted} drills, found {len(runs)}")
    for run in runs:
        found["reasons"] += [f"load: {fault}" for fault in disproof(run["load"])]
    return {**found, "ok": not found["reasons"]}


def complaints(name: str) -> list[str]:
    """Return why the kept result of a scenario says nothing about the code that is there, or nothing good."""
    scenario, entry = SCENARIOS[name], read().get(name)
    again = _again(name)
    found = kept.complaints(name, entry, digest(scenario), scenario.covers, again)
    if entry is None or found:
        return found
    return [f"{name}: {reason}; run: {again}" for reason in judge(name, entry["runs"])["reasons"]]


def shown() -> list[tuple[str, str, str, bool]]:
    """Return by scenario the figures that have a bound, as a person reads them, and whether it holds; and why not."""
    known, lines = read(), []
    for name in SCENARIOS:
        if name not in known:
            promised = name not in UNPROVEN
            why = f"expected a result; run: {_again(name)}" if promised else "nothing is promised"
            lines.append((f"drill {name}", "no result", why, not promised))
            continue
        runs = known[name]["runs"]
        found = judge(name, runs)
        for stream, figure in found["figures"].items():
            if figure["bound"] is not None:
                text = f"median {figure['median']:.1f} s, worst {figure['worst']:.1f} s of {len(runs)}"
                ratio = f"{figure['median'] / figure['bound']:.2f} of it"
                bound = f"at most {figure['bound']:g} s: {ratio}"
                lines.append((f"drill {name}: {stream}", text, bound, figure["median"] <= figure["bound"]))
                gaps = known[name].get("bare", {}).get("gaps", {}).get(stream, [])
                if gaps:
                    own = statistics.median(gaps)
                    text = f"median {own:.1f} s, worst {max(gaps):.1f} s of {len(gaps)}"
                    lines.append(
                        ("  with Patroni's own times", text, f"ours: {figure['median'] / own:.2f} of it", True)
                    )
        lines += [(f"drill {name}", "not as it must be", reason, False) for reason in found["reasons"]]
    return lines


def _again(name: str) -> str:
    return f"make drills SCENARIO={name}"
