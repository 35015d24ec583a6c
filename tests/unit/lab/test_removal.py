"""What tools leave in a working tree goes with the lab; nothing else does."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.lab import engine, inventory, paths, removal
from tests.lab.progress import Progress

LEFT = (
    ".ansible/tmp",
    ".hypothesis/unicode_data",
    ".mypy_cache/3.11",
    ".pytest_cache/v",
    ".ruff_cache/0.11",
    "__pycache__",
    "plugins/module_utils/policy/__pycache__",
    "tests/unit/__pycache__",
    ".lab/venv/lib/__pycache__",
)
KEPT = (
    ".git/hooks/__pycache__/hook.pyc",
    ".gitignore",
    "plugins/module_utils/policy/sizing.py",
    "status-acme.html",
    "tests/unit/plugins/.mypy_cache.md",
)


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    for name in LEFT:
        (tmp_path / name).mkdir(parents=True)
        (tmp_path / name / "file").touch()
    for name in KEPT:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    return tmp_path


def files(tree: Path) -> Iterator[str]:
    for where, _names, found in os.walk(tree):
        yield from (str((Path(where) / name).relative_to(tree)) for name in found)


def test_every_trace_goes_and_nothing_else(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(paths, "ROOT", tree)
    monkeypatch.setattr(paths, "LAB", tree / ".lab")
    monkeypatch.setattr(removal, "machines_only", lambda _progress: None)
    monkeypatch.setattr(engine, "connect", lambda: None)
    monkeypatch.setattr(engine, "stop_ours", lambda _progress: None)
    monkeypatch.setattr("sys.dont_write_bytecode", False)
    removal.every_trace(Progress())
    assert sorted(files(tree)) == sorted(KEPT)
    removal.every_trace(Progress())


def test_what_is_the_lab_s_or_git_s_is_not_looked_into(tree: Path) -> None:
    found = {str(path.relative_to(tree)) for path in removal.left_behind(tree)}
    assert found == {name.partition("/")[0] for name in LEFT[:5]} | set(LEFT[5:8])


def test_nothing_goes_while_nobody_can_say_what_is_in_the_engine(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def unanswered(_progress: Progress) -> None:
        raise engine.NoEngine("no answer")

    monkeypatch.setattr(paths, "ROOT", tree)
    for name in ("LAB", "SECRETS", "LEDGER"):
        monkeypatch.setattr(paths, name, tree / ".lab" / name.removeprefix("LAB").lower())
    monkeypatch.setattr(removal, "_OF_MACHINES", (tree / ".lab" / "estate.json",))
    (tree / ".lab" / "estate.json").touch()
    monkeypatch.setattr(engine, "used", unanswered)
    connections = inventory.control_directory()
    before = sorted(files(tree))
    with pytest.raises(engine.NoEngine):
        removal.every_trace(Progress())
    assert sorted(files(tree)) == before
    assert not connections.exists(), "their other ends are gone, whatever became of the engine"
