"""The kept results of the interruptions, and whether they still say something about the code that is there."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from tests import kept
from tests.interruptions.model import Point
from tests.interruptions.points import PLAYS, POINTS, exercises
from tests.lab import paths
from tests.load.result import disproof

FILE = paths.ROOT / "tests" / "interruptions" / "results.json"


def digest(point: Point) -> str:
    """Return what a result is about: the point without its sentence, its playbook's turn, and the code it exercises."""
    said = asdict(point)
    del said["does"]
    turn = asdict(PLAYS[point.playbook])
    return kept.digest([json.dumps([said, turn], sort_keys=True)], exercises(point))


def read() -> dict[str, Any]:
    """Return what is kept, by point."""
    return kept.read(FILE)


def keep(name: str, commit: str, run: Mapping[str, Any]) -> None:
    """Keep that a point came out as it must."""
    entry = {"exercised": digest(POINTS[name]), "commit": commit, **run}
    kept.write(FILE, {**read(), name: entry}, POINTS)


def forget(name: str) -> None:
    """Keep nothing of a point that did not come out as it must any more."""
    kept.write(FILE, {each: entry for each, entry in read().items() if each != name}, POINTS)


def complaints(name: str) -> list[str]:
    """Return why the kept result of a point says nothing about the code that is there, or nothing good."""
    point, entry, again = POINTS[name], read().get(name), f"make interruptions POINT={name}"
    found = kept.complaints(name, entry, digest(point), exercises(point), again)
    if entry is None or found:
        return found
    if "load" not in entry:
        return [f"{name}: expected a result under load, found one without: nothing is known of orders; run: {again}"]
    return [f"{name}: load: {fault}; run: {again}" for fault in disproof(entry["load"])]
