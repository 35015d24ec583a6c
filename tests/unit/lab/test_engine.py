"""The engine: one that the lab started is known by itself, and is stopped again; any other is left alone."""

from __future__ import annotations

import io
import json
import os
from pathlib import Path

import pytest

from tests.lab import engine, packages, paths
from tests.lab.progress import Progress

OURS = ["dockerd", "--pidfile", str(paths.ENGINE / "dockerd.pid")]


def _processes(proc: Path, **commands: list[str]) -> Path:
    for pid, words in commands.items():
        (proc / pid.removeprefix("p")).mkdir()
        (proc / pid.removeprefix("p") / "cmdline").write_text("".join(f"{word}\0" for word in words), encoding="utf-8")
    (proc / "self").mkdir()
    return proc


@pytest.mark.parametrize(
    ("commands", "pid"),
    [
        ({"p7": ["/usr/sbin/dockerd", "-H", "fd://"], "p31": ["/usr/sbin/dockerd", *OURS[1:]]}, 31),
        ({"p7": OURS}, 7),
        ({"p7": ["/usr/sbin/dockerd", "-H", "fd://", "--containerd=/run/containerd/containerd.sock"]}, None),
        ({"p7": ["dockerd", "--pidfile", "/other/checkout/.lab/engine/dockerd.pid"]}, None),
        ({"p7": ["grep", *OURS]}, None),
        ({"p7": []}, None),  # a process that has ended and was not waited for
        ({}, None),
    ],
)
def test_an_engine_started_by_hand_is_known_by_its_command_line(
    commands: dict[str, list[str]], pid: int | None, tmp_path: Path
) -> None:
    assert engine.process(_processes(tmp_path, **commands)) == pid


@pytest.fixture
def systemctl(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine with systemd, of which only the commands it is given are seen."""
    program = tmp_path / "bin" / "systemctl"
    program.parent.mkdir()
    # as on a machine where containerd runs already, and Docker is installed and stopped
    program.write_text(
        f'#!/bin/sh\necho "$*" >>{tmp_path}/commands\n[ "$*" != "is-active --quiet docker.socket" ] && '
        '[ "$*" != "is-active --quiet docker.service" ]\n',
        encoding="utf-8",
    )
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:/usr/sbin:/usr/bin:/bin")
    monkeypatch.setattr(paths, "LOGS", tmp_path)
    monkeypatch.setattr(paths, "ENGINE", tmp_path / "engine")
    monkeypatch.setattr(engine, "_USED", tmp_path / "engine" / "used")
    monkeypatch.setattr(engine, "_NOTE", tmp_path / "note.json")
    monkeypatch.setattr(engine, "_SYSTEMD", tmp_path)
    monkeypatch.setattr(engine, "_PROC", tmp_path / "none")
    monkeypatch.setattr(packages, "ensure", lambda _packages, _progress: None)
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    return tmp_path / "commands"


def test_what_systemd_started_for_the_lab_is_stopped_and_nothing_else(
    systemctl: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers = iter([None, object(), None])  # no engine; one that answers; gone again
    monkeypatch.setattr(engine, "connect", lambda: next(answers))
    progress = Progress(io.StringIO())
    engine.ensure(progress)
    assert json.loads((tmp_path / "note.json").read_text(encoding="utf-8")) == ["docker.socket", "docker.service"]
    assert systemctl.read_text(encoding="utf-8").splitlines()[-1] == "start docker.service"
    engine.stop_ours(progress)
    assert systemctl.read_text(encoding="utf-8").splitlines()[-1] == "stop docker.socket docker.service"
    assert not (tmp_path / "note.json").exists()
    seen = systemctl.read_text(encoding="utf-8")
    engine.stop_ours(progress)
    assert systemctl.read_text(encoding="utf-8") == seen


def test_an_engine_that_others_use_goes_on(systemctl: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Client:
        """An engine with a container that is not the lab's."""

        class containers:  # noqa: N801 - as the client names it
            @staticmethod
            def list() -> list[object]:
                return [type("Container", (), {"name": "somebody's"})()]

    (tmp_path / "note.json").write_text('["docker.service"]', encoding="utf-8")
    monkeypatch.setattr(engine, "connect", Client)
    out = io.StringIO()
    engine.stop_ours(Progress(out))
    assert "somebody's" in out.getvalue()
    assert not systemctl.exists()


def test_an_engine_that_has_what_the_lab_made_is_started_to_be_asked(
    systemctl: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    raised, progress = object(), Progress(io.StringIO())
    monkeypatch.setattr(engine, "connect", lambda: None)
    assert engine.used(progress) is None
    assert not systemctl.exists(), "what never had an engine is not given one to be removed"
    answers = iter([raised, None, None, raised])  # it runs when the lab is raised; not when it is removed
    monkeypatch.setattr(engine, "connect", lambda: next(answers))
    engine.ensure(progress)
    assert engine.used(progress) is raised
    assert systemctl.read_text(encoding="utf-8").splitlines()[-1] == "start docker.service"


def test_unit_tests_reach_no_engine() -> None:
    assert engine.connect() is None


@pytest.mark.usefixtures("systemctl")
def test_an_engine_that_cannot_be_started_is_named_with_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "engine").mkdir()
    (tmp_path / "engine" / "used").touch()
    monkeypatch.setattr(engine, "connect", lambda: None)
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    said = r"(?s)systemctl start docker.*nothing was removed.*remove .*\.lab by hand"
    with pytest.raises(engine.NoEngine, match=said):
        engine.used(Progress(io.StringIO()))
