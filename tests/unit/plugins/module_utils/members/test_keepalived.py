# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lever by which keepalived gives the address up."""

from __future__ import annotations

import os
import subprocess
import time
from contextlib import nullcontext
from pathlib import Path

import pytest
from ansible_collections.erpops.estate.plugins.module_utils.clients import keepalived as client
from ansible_collections.erpops.estate.plugins.module_utils.clients.errors import Refused, Unreachable
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


@pytest.fixture
def alive(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody is killed here, and systemd need not be there."""
    monkeypatch.setattr(client, "ended_by_itself", lambda _path: nullcontext())


@pytest.mark.usefixtures("alive")
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


@pytest.mark.usefixtures("alive")
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


def test_nothing_is_moved_where_nobody_would_end_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lever = tmp_path / "leave"
    lever.write_text("0\n")
    (tmp_path / "systemd-run").write_text("#!/bin/sh\necho no bus >&2; exit 1\n")
    (tmp_path / "systemd-run").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    with pytest.raises(Refused, match="should this run die; found no bus"), client.lever_pulled(str(lever)):
        pass
    assert lever.read_text() == "0\n"


@pytest.mark.parametrize(("said", "age", "left"), [("1", 31, True), ("1", 5, False), ("0", 31, False), ("", 31, False)])
def test_what_is_older_than_any_move_was_left_behind(tmp_path: Path, said: str, age: float, left: bool) -> None:
    file = tmp_path / "leave"
    file.write_text(f"{said}\n")
    os.utime(file, (time.time() - age, time.time() - age))
    lever = members.Lever("192.0.2.1", str(file))
    assert bool(lever.left_behind()) is left
    assert [done.endswith("it may stay now") for done in lever.take_back()] == [True] * left
    assert file.read_text().strip() == ("0" if left else said)
    assert lever.left_behind() == []


def test_a_host_whose_keepalived_never_ran_has_nothing_left_behind(tmp_path: Path) -> None:
    assert members.Lever("192.0.2.1", str(tmp_path / "leave")).left_behind() == []


def test_a_daemon_that_does_not_run_is_named(tmp_path: Path) -> None:
    with pytest.raises(Unreachable, match="keepalived; expected a running process"):
        client.KeepalivedClient(str(tmp_path / "pid")).instances()
