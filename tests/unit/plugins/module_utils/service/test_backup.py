# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Files and timers of the backups on one host: what differs is mended, in check mode nothing is touched."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from ansible_collections.erpops.estate.plugins.module_utils.clients import timers
from ansible_collections.erpops.estate.plugins.module_utils.clients.errors import Refused
from ansible_collections.erpops.estate.plugins.module_utils.clients.timers import TimerState
from ansible_collections.erpops.estate.plugins.module_utils.policy.definition import Directory, ManagedFile
from ansible_collections.erpops.estate.plugins.module_utils.service.host_part import HostPart, Outcome, converge_host

TIMER = "full.timer"


class Systemd:
    """The timers of a host in memory."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.state = TimerState(TIMER, enabled=False, active=False, stale=True)
        monkeypatch.setattr(timers, "read", lambda _names: (self.state,))
        monkeypatch.setattr(timers, "reload_files", self.reload_files)
        monkeypatch.setattr(timers, "enable", self.enable)

    def reload_files(self) -> None:
        self.state = replace(self.state, stale=False)

    def enable(self, names: Sequence[str]) -> None:
        assert not self.state.stale, "a timer is enabled as systemd knows it: it has to read the files first"
        assert list(names) == [TIMER]
        self.state = replace(self.state, enabled=True, active=True)


@pytest.fixture
def systemd(monkeypatch: pytest.MonkeyPatch) -> Systemd:
    return Systemd(monkeypatch)


def part(root: Path, content: str = "key=canary-5e1d\n", validate: tuple[str, ...] = ()) -> HostPart:
    user, group = os.getuid(), os.getgid()

    def file(name: str, text: str, *, secret: bool) -> ManagedFile:
        path = str(root / "etc" / name)
        return ManagedFile(path, text.encode(), user, group, 0o640, "none", False, validate, secret)

    return HostPart(
        directories=(Directory(str(root / "etc"), user, group, 0o750),),
        files=(file("pgbackrest.conf", content, secret=True), file(TIMER, "[Timer]\n", secret=False)),
        timers=(TIMER,),
    )


def test_a_bare_host_gets_everything_and_a_second_run_nothing(tmp_path: Path, systemd: Systemd) -> None:
    first = converge_host(part(tmp_path), check=False)
    assert first.reconfigured
    assert [action.split()[0] for action in first.actions] == ["set", "wrote", "wrote", "reloaded", "enabled"]
    assert systemd.state == TimerState(TIMER, enabled=True, active=True, stale=False)
    assert converge_host(part(tmp_path), check=False) == Outcome()


def test_check_mode_names_the_same_and_touches_nothing(tmp_path: Path, systemd: Systemd) -> None:
    before = systemd.state
    check = converge_host(part(tmp_path), check=True)
    assert (list(tmp_path.iterdir()), systemd.state) == ([], before)
    assert check == converge_host(part(tmp_path), check=False)


def test_an_edit_by_hand_is_undone_and_no_diff_shows_a_secret(tmp_path: Path, systemd: Systemd) -> None:
    converge_host(part(tmp_path), check=False)
    (tmp_path / "etc" / "pgbackrest.conf").write_text("key=canary-77aa\n", encoding="utf-8")
    outcome = converge_host(part(tmp_path), check=False)
    assert outcome.actions == [f"wrote {tmp_path}/etc/pgbackrest.conf"]
    assert outcome.reconfigured
    assert "canary" not in repr(outcome)
    assert systemd.state.active


def test_a_stopped_timer_is_started_and_calls_for_no_check(tmp_path: Path, systemd: Systemd) -> None:
    converge_host(part(tmp_path), check=False)
    systemd.state = replace(systemd.state, active=False)
    outcome = converge_host(part(tmp_path), check=False)
    assert (outcome.actions, outcome.reconfigured) == ([f"enabled {TIMER}"], False)


@pytest.mark.usefixtures("systemd")
def test_an_invalid_file_does_not_take_the_place_of_a_valid_one(tmp_path: Path) -> None:
    converge_host(part(tmp_path), check=False)
    with pytest.raises(Refused, match="exit status 0"):
        converge_host(part(tmp_path, "other\n", validate=("false", "%s")), check=False)
    assert (tmp_path / "etc" / "pgbackrest.conf").read_text(encoding="utf-8") == "key=canary-5e1d\n"
    assert sorted(path.name for path in (tmp_path / "etc").iterdir()) == [TIMER, "pgbackrest.conf"]
