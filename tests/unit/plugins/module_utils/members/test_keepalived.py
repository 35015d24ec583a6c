# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lever by which keepalived gives the address up."""

from __future__ import annotations

from pathlib import Path

import pytest
from ansible_collections.erpops.estate.plugins.module_utils.clients import keepalived as client
from ansible_collections.erpops.estate.plugins.module_utils.clients.errors import Unreachable
from ansible_collections.erpops.estate.plugins.module_utils.members import keepalived as members


def test_only_an_address_of_this_host_is_held() -> None:
    assert client.holds("127.0.0.1")
    assert not client.holds("192.0.2.1")


def test_the_lever_is_let_go_whatever_happens(tmp_path: Path) -> None:
    lever = tmp_path / "leave"
    said = []

    def interrupted() -> None:
        with client.lever_pulled(str(lever)):
            said.append(lever.read_text())
            raise RuntimeError

    with pytest.raises(RuntimeError):
        interrupted()
    assert said == ["1\n"]
    assert lever.read_text() == "0\n"


def test_without_a_taker_nothing_was_handed_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lever = tmp_path / "leave"
    lever.write_text("0\n")
    monkeypatch.setattr(members, "MOVE_SECONDS", 0.1)
    assert members.Lever("127.0.0.1", str(lever)).give_up() == []
    assert lever.read_text() == "0\n"


def test_who_does_not_have_the_address_gives_nothing_up(tmp_path: Path) -> None:
    assert members.Lever("192.0.2.1", str(tmp_path / "leave")).give_up() == []
    assert not (tmp_path / "leave").exists()


def test_a_daemon_that_does_not_run_is_named(tmp_path: Path) -> None:
    with pytest.raises(Unreachable, match="keepalived; expected a running process"):
        client.KeepalivedClient(str(tmp_path / "pid")).instances()
