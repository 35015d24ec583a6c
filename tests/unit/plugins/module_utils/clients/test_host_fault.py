"""In which order a fault is armed, done and written down: whoever dies in between leaves what the next can tell."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.erpops.estate.plugins.module_utils.clients.errors import Conflict
from ansible_collections.erpops.estate.plugins.module_utils.clients.host_fault import HostFault
from ansible_collections.erpops.estate.plugins.modules.drill_fault import converge

FROZEN = {"fault": "frozen", "service": "sentinel", "peers": [], "ports": []}
ASKED: dict[str, Any] = {**FROZEN, "state": "injected", "ssh_port": 22, "lift_after": 60}


@pytest.fixture
def log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """What systemd and Docker were asked for, and what was written down by then; the host itself is not struck."""
    programs = tmp_path / "bin"
    programs.mkdir()
    script = '#!/bin/sh\necho "$(basename "$0") $(ls {fault} 2>/dev/null | xargs)" >> {log}\n'
    for name in ("systemd-run", "systemctl", "docker"):
        program = programs / name
        program.write_text(script.format(fault=tmp_path / "fault", log=tmp_path / "log"))
        program.chmod(0o755)
    (programs / "systemctl").write_text(f"#!/bin/sh\ncat {tmp_path}/timer 2>/dev/null || echo inactive\n")
    monkeypatch.setenv("PATH", f"{programs}:{os.environ['PATH']}")
    return tmp_path / "log"


@pytest.fixture
def host(tmp_path: Path) -> HostFault:
    return HostFault(tmp_path / "fault")


def test_it_is_armed_before_it_is_done_and_written_down_last(host: HostFault, log: Path) -> None:
    host.inject(FROZEN, f'test ! -e {log.parent}/fault/fault.json; echo "done" >> {log}', "true", 60)
    assert log.read_text().splitlines() == ["systemd-run lift", "done"]
    assert host.found() == FROZEN


def test_a_fault_that_is_there_is_not_done_again(host: HostFault, log: Path) -> None:
    (log.parent / "timer").write_text("active\n\ninactive\n")
    assert converge(host, ASKED, check=False) == (["frozen sentinel"], [])
    before = log.read_text()
    assert converge(host, ASKED, check=False) == ([], [])
    assert log.read_text() == before


def test_what_died_before_it_had_a_timer_is_lifted_by_the_next(host: HostFault, log: Path) -> None:
    fault = log.parent / "fault"
    fault.mkdir()
    (fault / "lift").write_text(f"echo lifted >> {log}; rm -rf {fault}\n")
    said = (["frozen sentinel"], ["lifted what an earlier drill has left: a fault that was begun"])
    assert converge(host, ASKED, check=True) == said
    assert not log.exists()
    assert converge(host, ASKED, check=False) == said
    assert log.read_text().splitlines() == ["lifted", "systemd-run lift", "docker lift"]
    assert host.found() == FROZEN


def test_what_died_between_timer_and_fault_is_the_timers(host: HostFault, log: Path) -> None:
    """Else a drill would find its own fault written down, strike nobody, and judge that nobody was struck."""
    (log.parent / "fault").mkdir()
    (log.parent / "timer").write_text("active\n\ninactive\n")
    with pytest.raises(Conflict, match="expected no fault of another drill"):
        converge(host, ASKED, check=False)
