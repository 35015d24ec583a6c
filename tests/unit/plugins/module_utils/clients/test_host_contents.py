# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is read of a host, as far as any machine has it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from ansible_collections.erpops.estate.plugins.module_utils.clients import host_contents

from tests.unit.plugins.module_utils.keys import Key


def account(name: str, home: Path) -> dict[str, Any]:
    return {"name": name, "uid": 1000, "home": str(home)}


def test_keys_are_read_where_they_are_and_once_where_accounts_share_them(tmp_path: Path) -> None:
    key, home = Key(tmp_path, "ada"), tmp_path / "home"
    (home / ".ssh").mkdir(parents=True)
    (home / ".ssh" / "authorized_keys").write_text(f"{key.public}\n")
    people = [account("ada", home), account("ops", home), account("bin", tmp_path / "nowhere"), account("x", key.path)]
    (found,) = host_contents.keys(people, [".ssh/authorized_keys"])
    assert (found["file"], found["comment"]) == (str(home / ".ssh" / "authorized_keys"), "ada")
    assert found["key"].startswith("SHA256:")


@pytest.mark.parametrize(
    ("program", "files", "fault"),
    [
        ("echo 'authorizedkeysfile /etc/keys/%u'", ("/etc/keys/%u",), ""),
        ("echo 'no option x' >&2; exit 255", (".ssh/authorized_keys", ".ssh/authorized_keys2"), "no option x"),
    ],
)
def test_where_sshd_looks_or_why_it_does_not_say(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, program: str, files: tuple[str, ...], fault: str
) -> None:
    sshd = tmp_path / "sshd"
    sshd.write_text(f"#!/bin/sh\n{program}\n")
    sshd.chmod(0o755)
    monkeypatch.setattr(host_contents, "SSHD", sshd)
    found = host_contents.login_settings()
    assert found[:2] == (files, "")
    assert fault in found[2]
    assert bool(fault) is bool(found[2])


def test_units_are_files_and_links_and_what_alters_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(host_contents, "DIRECTORIES", (str(tmp_path), str(tmp_path / "none")))
    (tmp_path / "erpops-a.service.d").mkdir()
    (tmp_path / "timers.target.wants").mkdir()
    for name in ("erpops-a.timer", "erpops-a.service.d/x.conf", "other.timer", "timers.target.wants/erpops-a.timer"):
        (tmp_path / name).write_text("")
    (tmp_path / "erpops-masked.service").symlink_to("/dev/null")
    names = [Path(path).relative_to(tmp_path).as_posix() for path in host_contents.units()]
    assert names == ["erpops-a.service.d/x.conf", "erpops-a.timer", "erpops-masked.service"]
