"""The tools' home: what they leave goes with the lab, what they need they find."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.lab import home


def test_tools_find_what_they_need_and_leave_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    own, lab = tmp_path / "own", tmp_path / "lab" / "home"
    (own / ".config" / "pip").mkdir(parents=True)
    (own / ".netrc").touch()
    (own / ".ansible").mkdir()
    monkeypatch.setenv("HOME", str(own))
    home.enter(lab)
    home.enter(lab)
    assert os.environ["HOME"] == str(lab)
    assert (lab / ".config" / "pip").resolve() == own / ".config" / "pip"
    assert (lab / ".netrc").resolve() == own / ".netrc"
    assert not (lab / ".ansible").exists()
    assert not (lab / ".docker").exists()
    (lab / ".cache").mkdir()
    assert sorted(path.name for path in own.iterdir()) == [".ansible", ".config", ".netrc"]
