# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a drill did to its users, from what was asked for them, and whether that is as it must be."""

from __future__ import annotations

import statistics
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from ansible_collections.erpops.estate.plugins.module_utils.policy.drills import SCENARIOS

SHOWN = 3
# Seconds that users wait for an answer. One that takes longer has failed, whatever it says.
PATIENCE_SECONDS = 30.0


@dataclass(frozen=True)
class Sample:
    """One thing that a user did: when it was over, in seconds since the watch began, and why it failed, if it did."""

    stream: str
    ended: float
    why: str = ""


def summary(samples: Iterable[Sample], seconds: float) -> dict[str, dict[str, Any]]:
    """Return the figures of each stream; ``gap`` is the longest time in which nothing of it succeeded, in seconds."""
    by_stream: dict[str, list[Sample]] = {}
    for sample in sorted(samples, key=lambda each: each.ended):
        by_stream.setdefault(sample.stream, []).append(sample)
    return {stream: _figures(found, seconds) for stream, found in sorted(by_stream.items())}


def _figures(found: Sequence[Sample], seconds: float) -> dict[str, Any]:
    good = [sample.ended for sample in found if not sample.why]
    # Answers may come after the last question was put; nobody waits for one then.
    gap, since = max((later - earlier, earlier) for earlier, later in pairwise([0.0, *good, max(seconds, *good, 0.0)]))
    why = Counter(sample.why for sample in found if sample.why)
    return {
        "asked": len(found),
        "failed": len(found) - len(good),
        "gap": round(gap, 2),
        "gap_since": round(since, 2),
        "why": [f"{count} times {text}" for text, count in why.most_common(SHOWN)],
    }


def truth(acknowledged: Iterable[str], unknown: Iterable[str], found: Iterable[str]) -> dict[str, Any]:
    """Return what became of the writes: ``found`` are those that are there, as often as they are."""
    there, sure, unsure = Counter(found), list(acknowledged), list(unknown)
    return {
        "acknowledged": len(sure),
        "lost": sorted(name for name in sure if not there[name]),
        "doubled": sorted(name for name, times in there.items() if times > 1),
        "unknown_there": sum(there[name] > 0 for name in unsure),
        "unknown_absent": sum(there[name] == 0 for name in unsure),
    }


def verdict(name: str, runs: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return whether these drills of one scenario came out as they must.

    A run holds the ``streams`` of :func:`summary`, the ``writes`` of :func:`truth`, how many were ``logged_out``
    and the ``findings`` about the estate afterwards.
    """
    scenario = SCENARIOS[name]
    reasons, figures = [], {}
    for stream in scenario.streams:
        gaps = [float(run["streams"][stream]["gap"]) for run in runs if stream in run["streams"]]
        if len(gaps) < len(runs):
            reasons.append(f"{stream}: expected to be measured in {len(runs)} drills, found {len(gaps)}")
        if not gaps:
            continue
        median = round(statistics.median(gaps), 2)
        figures[stream] = {"median": median, "worst": max(gaps), "bound": scenario.bounds.get(stream)}
    reasons += late(figures)
    for run in runs:
        for what in ("lost", "doubled"):
            if run["writes"][what]:
                reasons.append(f"writes {what}: expected none, found {', '.join(run['writes'][what])}")
        if run["logged_out"]:
            reasons.append(f"session: expected to live on, found it ended {run['logged_out']} times")
        reasons += [f"afterwards: {finding}" for finding in run["findings"]]
    return {"ok": not reasons, "figures": figures, "reasons": reasons}


def late(figures: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """Return which bounds the figures of :func:`verdict` exceed: true of the machine that was drilled as well."""
    return [
        f"{stream}: expected at most {figure['bound']:g} s without success, found {figure['median']:g} s"
        for stream, figure in figures.items()
        if figure["bound"] is not None and figure["median"] > figure["bound"]
    ]
