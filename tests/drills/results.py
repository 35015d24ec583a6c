"""The kept results of the drills, and whether they still say something about the code that is there."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from ansible_collections.erpops.estate.plugins.module_utils.policy.drill_faults import Fault
from ansible_collections.erpops.estate.plugins.module_utils.policy.drill_verdict import verdict
from ansible_collections.erpops.estate.plugins.module_utils.policy.drills import SCENARIOS, Scenario

from tests.lab import paths

FILE = paths.ROOT / "tests" / "drills" / "results.json"


def digest(scenario: Scenario) -> str:
    """Return what a result is about: the scenario without its bounds, what its fault does, and the code it exercises.

    No history is needed to tell whether a result is older than its code, and a file that was changed and changed back
    is the same file.
    """
    said = asdict(scenario)
    # A bound is judged anew each time.
    del said["bounds"]
    fault = Fault(scenario.fault, scenario.service, ["peer"], [1])
    parts = [json.dumps(said, sort_keys=True), fault.inject(), fault.lift()]
    for path in sorted({path for pattern in scenario.exercises for path in paths.ROOT.glob(pattern)}):
        parts += [str(path.relative_to(paths.ROOT)), path.read_text(encoding="utf-8")]
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:16]


def read() -> dict[str, Any]:
    """Return what is kept, by scenario."""
    found: dict[str, Any] = json.loads(FILE.read_text(encoding="utf-8")) if FILE.exists() else {}
    return found


def keep(name: str, commit: str, run: Mapping[str, Any]) -> dict[str, Any]:
    """Keep one more drill of a scenario; those of other code, and more than are asked for, are forgotten."""
    kept, scenario = read(), SCENARIOS[name]
    now = digest(scenario)
    before = kept.get(name, {})
    runs = [*(before.get("runs", []) if before.get("exercised") == now else []), run][-scenario.repeat :]
    kept[name] = {"exercised": now, "commit": commit, "runs": runs, "verdict": judge(name, runs)}
    paths.write(FILE, json.dumps({each: kept[each] for each in SCENARIOS if each in kept}, indent=1) + "\n")
    entry: dict[str, Any] = kept[name]
    return entry


def judge(name: str, runs: list[Mapping[str, Any]]) -> dict[str, Any]:
    """Return the verdict on what users went through, and on the load's own ledger."""
    found, wanted = verdict(name, runs), SCENARIOS[name].repeat
    if len(runs) < wanted:
        found["reasons"].append(f"expected the median of {wanted} drills, found {len(runs)}")
    for run in runs:
        found["reasons"] += [f"load: {fault}" for fault in run["load"]["untrue"]]
    return {**found, "ok": not found["reasons"]}


def complaints(name: str) -> list[str]:
    """Return why the kept result of a scenario says nothing about the code that is there."""
    scenario, entry = SCENARIOS[name], read().get(name)
    again = f"run: make drills SCENARIO={name}"
    if entry is None:
        return [f"{name}: expected a result, found none; {again}"]
    if entry["exercised"] != digest(scenario):
        return [f"{name}: the result is older than the code it exercises ({', '.join(scenario.exercises)}); {again}"]
    return []


def shown() -> list[tuple[str, str, str, bool]]:
    """Return by scenario the figures that have a bound, as a person reads them, and whether it holds; and why not."""
    lines = []
    for name, entry in read().items():
        found = judge(name, entry["runs"])
        for stream, figure in found["figures"].items():
            if figure["bound"] is not None:
                text = f"median {figure['median']:.1f} s, worst {figure['worst']:.1f} s of {len(entry['runs'])}"
                ratio = f"{figure['median'] / figure['bound']:.2f} of it"
                bound = f"at most {figure['bound']:g} s: {ratio}"
                lines.append((f"drill {name}: {stream}", text, bound, figure["median"] <= figure["bound"]))
        lines += [("", "", reason, True) for reason in found["reasons"]]
    return lines
