"""What the watcher makes of real answers, and that it freezes, lets go and kills what it watches."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.erpops.estate.plugins.module_utils.policy import leases

from tests.interruptions import watcher

ID, OTHER = "4b3a1f9c27de" * 5 + "4b3a", "0c77e1d2aa40" * 5 + "0c77"
SINCE = "2026-11-23T09:20:57.123456789Z"
# As the engine describes a container, by what became of it.
STATES: dict[str, dict[str, Any]] = {
    "running": {"Status": "running", "Running": True, "Paused": False, "Restarting": False},
    "paused": {"Status": "paused", "Running": True, "Paused": True, "Restarting": False},
    "exited": {"Status": "exited", "Running": False, "Paused": False, "Restarting": False},
    "created": {"Status": "created", "Running": False, "Paused": False, "Restarting": False},
    "restarting": {"Status": "restarting", "Running": True, "Paused": False, "Restarting": True},
}


def container(state: str) -> dict[str, Any]:
    return {"Id": ID, "State": {**STATES[state], "StartedAt": SINCE}}


@pytest.mark.parametrize(
    ("found", "so"),
    [
        ("running", {"running"}),
        ("paused", {"paused"}),
        ("exited", {"stopped"}),
        ("created", {"created", "unstarted"}),
        ("restarting", set()),
        (None, {"gone", "unstarted"}),
    ],
)
def test_a_container(found: str | None, so: set[str]) -> None:
    states = ("running", "paused", "stopped", "created", "gone", "unstarted")
    seen = container(found) if found else None
    assert {state for state in states if watcher.container_is(seen, state)[0]} == so


def test_the_same_container_or_another() -> None:
    assert watcher.container_is(container("running"), "kept", ID)[0]
    assert not watcher.container_is(container("running"), "replaced", ID)[0]
    assert watcher.container_is(container("exited"), "replaced", OTHER) == (True, f"exited, {ID[:12]}")
    assert not watcher.container_is(None, "kept", ID)[0]
    assert not watcher.container_is(None, "replaced", ID)[0]


@pytest.mark.parametrize(
    ("moment", "runs", "so"),
    [(SINCE, True, {"since"}), ("later", True, {"anew"}), ("later", False, set()), ("", True, set())],
)
def test_when_it_was_started(moment: str, runs: bool, so: set[str]) -> None:
    assert {state for state in ("since", "anew") if watcher.started_is(moment, runs, state, SINCE)[0]} == so


def lease(*, ending: bool) -> str:
    """Return the record as the store writes it."""
    now = datetime(2026, 11, 23, 9, 20, tzinfo=UTC)
    taken = leases.Lease("host_out", "node2", "ada", "memory", now, now + timedelta(hours=2), host="node2")
    return leases.dump(replace(taken, ending=now) if ending else taken)


@pytest.mark.parametrize(
    ("record", "state"), [(lease(ending=False), "held"), (lease(ending=True), "ending"), (None, "none")]
)
def test_a_lease(record: str | None, state: str) -> None:
    assert {each for each in ("held", "ending", "none") if watcher.lease_is(record, each)[0]} == {state}


@pytest.mark.parametrize(
    ("text", "so"),
    [
        ("node1", {"there", "is", "holds"}),
        ("node1,node2", {"there", "not", "holds"}),
        ("node2", {"there", "not", "lacks"}),
        (None, {"absent", "lacks"}),
    ],
)
def test_a_text(text: str | None, so: set[str]) -> None:
    states = ("there", "absent", "is", "not", "holds", "lacks")
    assert {state for state in states if watcher.text_is(text, state, "node1")[0]} == so


def test_of_a_long_file_the_line_is_shown_that_matters() -> None:
    file = "a: 1\n    # drained: http://10.0.0.1:8069\nb: 2\n"
    assert watcher.text_is(file, "holds", "# drained: http://10.0.0.1")[1] == "# drained: http://10.0.0.1:8069"


@pytest.mark.parametrize(
    ("reply", "so"),
    [
        ("*2\r\n$8\r\n10.0.0.1\r\n$4\r\n6379\r\n", {"here"}),
        ("*2\r\n$8\r\n10.0.0.2\r\n$4\r\n6379\r\n", {"elsewhere"}),
        ("*-1\r\n", set()),
        ("-NOAUTH Authentication required.\r\n", set()),
    ],
)
def test_sentinels_word(reply: str, so: set[str]) -> None:
    assert {state for state in ("here", "elsewhere") if watcher.master_is(reply, "10.0.0.1", state)[0]} == so


def test_who_cannot_be_asked_is_a_no_that_says_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watcher, "PROVEN", str(tmp_path))
    monkeypatch.setattr(watcher, "KEEPER", str(tmp_path / "keeper.json"))
    answers = watcher.ask(watcher.Eyes(), [["master", "here"], ["key", "/service/lab/leader", "there"]])
    assert [so for so, _why in answers] == [False, False]
    assert all(why.startswith("KeyError") for _so, why in answers)


def test_the_connection_of_a_module_is_not_the_daemon_that_listens() -> None:
    lines = {
        401: ["/bin/sh", "-c", "sudo -H -S -n -u root /bin/sh -c 'echo BECOME-SUCCESS ; /usr/bin/python3'"],
        377: ["sshd: ops@notty"],
        370: ["sshd: ops [priv]"],
        88: ["sshd: /usr/sbin/sshd -D [listener] 0 of 10-100 startups"],
        12: [],
    }
    assert watcher.session_of(lines) == [377, 370]
    assert watcher.session_of({9: ["sshd-session: ops@notty"], 8: ["/usr/sbin/sshd", "-D"]}) == [9]


# Reads its program from its input, as a pipelined module does, and works step by step.
WORK = """
import pathlib, sys, time
for step in range(2000):
    pathlib.Path({file!r}).write_text(str(step))
    time.sleep(0.001)
"""


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[subprocess.Popen[str]]:
    """One module of our own; no other process of this machine is looked at."""
    monkeypatch.setattr(watcher, "OVER", str(tmp_path / "over"))
    payload = tmp_path / "payload"
    payload.mkdir()
    running = subprocess.Popen([sys.executable], stdin=subprocess.PIPE, text=True)
    assert running.stdin is not None
    running.stdin.write(WORK.format(file=str(tmp_path / "step")))
    running.stdin.close()
    monkeypatch.setattr(watcher, "payloads", lambda _module: [str(payload)] if payload.exists() else [])
    monkeypatch.setattr(watcher, "modules", lambda: [running.pid] if running.poll() is None else [])
    # Whoever runs the tests is above it, and is to be left alone.
    monkeypatch.setattr(watcher, "above", lambda _pids: [])
    yield running
    running.kill()
    running.wait()


def state(pid: int) -> str:
    return watcher.status(pid)[0]


def steps(tmp_path: Path) -> int:
    return int((tmp_path / "step").read_text(encoding="utf-8") or 0)


def test_a_module_is_frozen_in_the_moment_and_goes_on(module: subprocess.Popen[str], tmp_path: Path) -> None:
    found = watcher.watch([["file", str(tmp_path / "step"), "holds", "5"]], "any", 20, watcher.Eyes())
    assert (found["reached"], found["pids"]) == (True, [module.pid])
    assert state(module.pid) == "T"
    then = steps(tmp_path)
    assert "5" in str(then)
    time.sleep(0.2)
    assert steps(tmp_path) == then
    assert watcher.let_go([module.pid], 90)["left"] == []
    assert module.wait(5) == 0
    assert steps(tmp_path) == 1999


def test_a_module_that_is_killed_leaves_nothing_of_its_own(module: subprocess.Popen[str], tmp_path: Path) -> None:
    watcher.watch([["file", str(tmp_path / "step"), "there"]], "any", 20, watcher.Eyes())
    watcher.kill([module.pid], "any")
    assert module.wait(5) == -signal.SIGKILL
    assert not (tmp_path / "payload").exists()


def test_a_moment_that_does_not_come_leaves_nobody_frozen_and_says_what_was_seen(
    module: subprocess.Popen[str], tmp_path: Path
) -> None:
    found = watcher.watch([["file", str(tmp_path / "step"), "is", "never"]], "any", 1, watcher.Eyes())
    assert not found["reached"]
    assert state(module.pid) != "T"
    assert found["looks"] >= len(found["trace"]) > 1
    assert any(seen.isdigit() for _at, (seen,) in found["trace"])


def test_nobody_is_frozen_until_it_is_near(module: subprocess.Popen[str], tmp_path: Path) -> None:
    step = str(tmp_path / "step")
    found = watcher.watch([["file", step, "there"]], "any", 0.5, watcher.Eyes(), [["file", step, "is", "never"]])
    assert (found["reached"], found["looks"], found["near"]) == (False, 0, False)
    found = watcher.watch([["file", step, "there"]], "any", 20, watcher.Eyes(), [["file", step, "there"]], fine=True)
    assert (found["reached"], found["looks"], state(module.pid)) == (True, 1, "T")


def test_nothing_is_waited_for_once_the_run_is_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watcher, "OVER", str(tmp_path))
    began = time.monotonic()
    assert not watcher.watch([["file", "/nowhere", "there"]], "", 20, watcher.Eyes())["reached"]
    assert time.monotonic() - began < 1


def test_descendants_are_found_whatever_their_session() -> None:
    program = "import subprocess as s, time; s.Popen(['sleep', '20'], start_new_session=True); time.sleep(20)"
    child = subprocess.Popen([sys.executable, "-c", program])
    try:
        deadline = time.monotonic() + 10
        found: list[int] = []
        # Until it is another program it is called as its parent is.
        while [watcher.command_line(pid) for pid in found] != [["sleep", "20"]] and time.monotonic() < deadline:
            time.sleep(0.05)
            found = watcher.descendants(child.pid)
        assert [watcher.command_line(pid) for pid in found] == [["sleep", "20"]]
        assert os.getpid() in watcher.ancestors(found[0])
    finally:
        watcher.tell([*watcher.descendants(child.pid), child.pid], signal.SIGKILL)
        child.wait()
