"""A result is of a commit."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

from tests import kept
from tests.drills import __main__ as drills
from tests.estate.world import Estate
from tests.interruptions import __main__ as interruptions
from tests.lab import paths

CODE, RESULTS = "roles/patroni/defaults/main.yml", "tests/drills/results.json"


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository with one commit, in place of this one."""
    monkeypatch.setattr(paths, "ROOT", tmp_path)
    for name in (CODE, RESULTS):
        (tmp_path / name).parent.mkdir(parents=True)
        (tmp_path / name).write_text("{}\n")
    author = ("-c", "user.name=ada", "-c", "user.email=ada@example.com")
    for words in (("init", "-q"), ("add", "."), (*author, "commit", "-q", "-m", "first")):
        subprocess.run(["git", *words], cwd=tmp_path, check=True)
    return tmp_path


def test_a_tree_as_committed_has_a_commit(repository: Path) -> None:
    found = kept.commit()
    assert len(found) == 12
    (repository / RESULTS).write_text('{"a": 1}\n')
    (repository / "notes.txt").write_text("of nobody's business\n")
    assert kept.commit() == found


@pytest.mark.parametrize("staged", [False, True])
def test_a_tree_with_changes_is_of_no_commit(repository: Path, *, staged: bool) -> None:
    (repository / CODE).write_text("a: 1\n")
    if staged:
        subprocess.run(["git", "add", "."], cwd=repository, check=True)
    with pytest.raises(kept.Uncommitted, match=f"expected no change .* found changes in {CODE}; commit them"):
        kept.commit()


@pytest.mark.parametrize("program", [drills, interruptions])
def test_nothing_is_carried_out_that_could_not_be_kept(
    program: ModuleType, repository: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (repository / CODE).write_text("a: 1\n")
    monkeypatch.setattr(sys, "argv", ["program"])
    monkeypatch.setattr(Estate, "load", lambda: pytest.fail("the estate is asked"))
    assert program.main() == 2
    assert f"found changes in {CODE}" in capsys.readouterr().err
