# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lever by which keepalived gives the address up."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from ansible_collections.erpops.estate.plugins.module_utils.clients import keepalived as client
from ansible_collections.erpops.estate.plugins.module_utils.clients.errors import Unreachable
from ansible_collections.erpops.estate.plugins.module_utils.members import keepalived as members


@pytest.mark.parametrize("address", ["127.0.0.1", "192.0.2.1"])
def test_an_address_of_the_loopback_or_of_nobody_is_not_held(address: str) -> None:
    assert client.interface_with(address) == ""


def test_what_this_host_answers_for_has_an_interface() -> None:
    told = subprocess.check_output(["ip", "-oneline", "-4", "address", "show", "scope", "global"], text=True)
    for line in told.splitlines()[:1]:
        _number, interface, _family, address, *_rest = line.split()
        assert client.interface_with(address.partition("/")[0]) == interface


def test_what_only_the_loopback_has_is_there() -> None:
    assert client.on_loopback("127.0.0.1")
    assert not client.on_loopback("192.0.2.1")


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
    monkeypatch.setattr(members, "interface_with", lambda _address: "eth0")
    assert members.Lever("127.0.0.1", str(lever)).give_up() == []
    assert lever.read_text() == "0\n"


def test_who_does_not_have_the_address_gives_nothing_up(tmp_path: Path) -> None:
    assert members.Lever("192.0.2.1", str(tmp_path / "leave")).give_up() == []
    assert not (tmp_path / "leave").exists()


def test_a_daemon_that_does_not_run_is_named(tmp_path: Path) -> None:
    with pytest.raises(Unreachable, match="keepalived; expected a running process"):
        client.KeepalivedClient(str(tmp_path / "pid")).instances()
