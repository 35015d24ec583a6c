# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Keys that let in to a host, as sshd reads them."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.erpops.estate.plugins.module_utils.policy.drift import login_keys

from tests.unit.plugins.module_utils.keys import Key


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Public keys by name, and what ssh-keygen calls each."""
    place = tmp_path_factory.mktemp("keys")
    return {name: Key(place, name).public for name in ("ada", "eve")}


def named(text: str, tmp_path: Path) -> str:
    (tmp_path / "key").write_text(text)
    command = ["ssh-keygen", "-lf", str(tmp_path / "key")]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()[1]


def contents(text: str, **more: Any) -> dict[str, Any]:
    return {"login_keys": login_keys.read("ops", "/home/ops/.ssh/authorized_keys", text), **more}


def test_a_key_is_known_as_openssh_knows_it(keys: dict[str, str], tmp_path: Path) -> None:
    assert login_keys.fingerprint(keys["ada"]) == named(keys["ada"], tmp_path)
    assert login_keys.fingerprint(named(keys["ada"], tmp_path)) == named(keys["ada"], tmp_path)
    assert login_keys.fingerprint("anything else") == ""


def test_what_nobody_declared_is_named_by_account_and_key(keys: dict[str, str], tmp_path: Path) -> None:
    kind, blob = keys["eve"].split()[:2]
    text = f'# none\n\n{keys["ada"]}\nno key\nfrom="10.0.0.1",command="echo \\"a b\\"" {kind} {blob} eve at home\n'
    (one,) = login_keys.undeclared("n1", contents(text), [keys["ada"]])
    eve = named(keys["eve"], tmp_path)
    found = "a key that logs in as ops (eve at home), in /home/ops/.ssh/authorized_keys"
    assert str(one) == f"user ops {eve}: expected nothing, found {found}"
    assert not list(login_keys.undeclared("n1", contents(text), [keys["ada"], eve]))


def test_a_declared_key_inside_of_options_hides_no_other(keys: dict[str, str]) -> None:
    text = f'command="{keys["ada"]}" {keys["eve"]}'
    (one,) = login_keys.undeclared("n1", contents(text), [keys["ada"]])
    assert one.object == f"ops {login_keys.fingerprint(keys['eve'])}"


def test_a_command_that_gives_keys_is_named() -> None:
    (one,) = login_keys.undeclared("n1", contents("", login_keys_command="/usr/bin/keys %u"), ())
    assert str(one) == "user sshd: expected keys in files, found a command that gives them: /usr/bin/keys %u"


def test_an_sshd_that_does_not_say_where_it_looks_is_no_good_end() -> None:
    (one,) = login_keys.undeclared("n1", contents("", login_keys_fault="no such option"), ())
    assert (one.kind, str(one)) == ("untold", "untold keys that let in: expected to be told, found no such option")


@pytest.mark.parametrize(
    ("listing", "files", "command"),
    [
        ("", (".ssh/authorized_keys", ".ssh/authorized_keys2"), ""),
        (
            "port 22\nauthorizedkeyscommand none\nauthorizedkeysfile .ssh/authorized_keys /etc/keys/%u\n",
            (".ssh/authorized_keys", "/etc/keys/%u"),
            "",
        ),
        ("authorizedkeyscommand /usr/bin/keys %u\nauthorizedkeysfile none\n", (), "/usr/bin/keys %u"),
    ],
)
def test_where_sshd_looks(listing: str, files: tuple[str, ...], command: str) -> None:
    assert login_keys.settings(listing) == (files, command)


@pytest.mark.parametrize(
    ("pattern", "where"),
    [
        (".ssh/authorized_keys", "/home/ada/.ssh/authorized_keys"),
        ("%h/keys", "/home/ada/keys"),
        ("/etc/keys/%u", "/etc/keys/ada"),
        ("/etc/%%/%U", "/etc/%/1000"),
    ],
)
def test_where_an_account_has_its_keys(pattern: str, where: str) -> None:
    assert login_keys.place(pattern, {"name": "ada", "uid": 1000, "home": "/home/ada"}) == where
