"""Control groups are shared out where nobody has done so, and left alone everywhere else."""

from __future__ import annotations

from pathlib import Path

from tests.lab.cgroups import share_out


def group(path: Path, controllers: str, enabled: str) -> Path:
    (path / "cgroup.controllers").write_text(controllers)
    (path / "cgroup.subtree_control").write_text(enabled)
    (path / "cgroup.procs").write_text("1\n")
    return path / "cgroup.subtree_control"


def test_what_is_missing_is_handed_on(tmp_path: Path) -> None:
    enabled = group(tmp_path, "cpu io memory pids\n", "cpu\n")
    share_out(tmp_path)
    assert enabled.read_text() == "+io +memory +pids"
    assert not (tmp_path / "init").exists(), "nobody has to move where the kernel takes it"


def test_what_is_shared_out_already_is_left_alone(tmp_path: Path) -> None:
    enabled = group(tmp_path, "cpu memory pids\n", "cpu memory pids\n")
    share_out(tmp_path)
    assert enabled.read_text() == "cpu memory pids\n"


def test_version_1_has_nothing_to_share_out(tmp_path: Path) -> None:
    share_out(tmp_path)
    assert list(tmp_path.iterdir()) == []
