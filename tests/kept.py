"""Results that are kept in the repository, and whether they still say something about the code that is there.

No history is needed to tell whether a result is older than its code, and a file that was changed and changed back is
the same file.
"""

from __future__ import annotations

import hashlib
import json
import subprocess
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from tests.lab import paths

# They change with every result that is kept, and are no code.
FILES = "tests/*/results.json"
DIRTY = "-dirty"


class Uncommitted(RuntimeError):
    """The code is of no commit, so that nobody could ever look up what a result was of."""


def digest(said: Iterable[str], exercises: Iterable[str]) -> str:
    """Return what a result is about: what was said to be done, and the code that this exercises, as globs."""
    parts = list(said)
    for path in sorted({path for pattern in exercises for path in paths.ROOT.glob(pattern)}):
        parts += [str(path.relative_to(paths.ROOT)), path.read_text(encoding="utf-8")]
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:16]


def read(file: Path) -> dict[str, Any]:
    """Return what is kept, by name."""
    found: dict[str, Any] = json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}
    return found


def write(file: Path, kept: Mapping[str, Any], order: Iterable[str]) -> None:
    """Keep results, in the order of what they are of; what is not there any more is forgotten."""
    paths.write(file, json.dumps({each: kept[each] for each in order if each in kept}, indent=1) + "\n")


def complaints(
    name: str, entry: Mapping[str, Any] | None, exercised: str, exercises: Iterable[str], again: str
) -> list[str]:
    """Return why the kept result says nothing about the code that is there; ``again`` makes a new one."""
    if entry is None:
        return [f"{name}: expected a result, found none; run: {again}"]
    if entry["exercised"] != exercised:
        return [f"{name}: the result is older than the code it exercises ({', '.join(exercises)}); run: {again}"]
    if entry["commit"].endswith(DIRTY):
        return [f"{name}: expected a result of committed code, found one of {entry['commit']}; run: {again}"]
    return []


def commit() -> str:
    """Return of which commit the code is; the results themselves may have changed since."""
    changed = _git("diff", "--name-only", "HEAD", "--", ".", f":(exclude,glob){FILES}").split()
    if changed:
        raise Uncommitted(
            f"{paths.ROOT}: expected no change since the last commit, since a result is kept with the commit it is of; "
            f"found changes in {', '.join(changed)}; commit them, or take them back, and run it again"
        )
    return _git("describe", "--always", "--abbrev=12")


def _git(*words: str) -> str:
    return subprocess.run(["git", *words], cwd=paths.ROOT, capture_output=True, text=True, check=True).stdout.strip()
