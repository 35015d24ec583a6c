# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest
from ansible_collections.erpops.estate.plugins.module_utils.policy.left_out import Shared, others, secret_objections

ACL = "/etc/users.acl"
SAVED = "user admin on #aaa ~* +@all\nuser north on #bbb ~north:*\n"


def shared(written: str, owner: str = "", path: str = ACL) -> Shared:
    return Shared("a_password", path, written, owner, ("node1",))


@pytest.mark.parametrize(
    ("secret", "text", "other"),
    [
        pytest.param(shared("#bbb", "user north "), SAVED, False, id="the same"),
        pytest.param(shared("#ccc", "user north "), SAVED, True, id="another"),
        pytest.param(shared("#ccc", "user south "), SAVED, False, id="the first of somebody new"),
        pytest.param(shared("#ccc"), SAVED, True, id="whose file it is needs no owner"),
        pytest.param(shared("#ccc"), "", True, id="a file that was emptied"),
        pytest.param(shared("key=short\n"), "key=shorter\n", True, id="the beginning of the old one"),
        pytest.param(shared("key=short\n"), "key=short", False, id="the last line may lack its end"),
        pytest.param(shared("#ccc", path="/etc/other"), SAVED, False, id="a host that has no such file yet"),
    ],
)
def test_which_secrets_are_others(secret: Shared, text: str, other: bool) -> None:
    assert others([secret], {ACL: text}) == ([secret] if other else [])


@pytest.mark.parametrize(
    ("names", "left_out"),
    [
        pytest.param([], [], id="nothing is new and nobody is left out"),
        pytest.param(["a_password"], [], id="everybody learns it"),
        pytest.param([], ["node1"], id="nothing is new"),
    ],
)
def test_no_objection(names: list[str], left_out: list[str]) -> None:
    assert secret_objections(names, "PostgreSQL", left_out) == []


def test_each_secret_is_named_with_who_knows_another_hosts_and_remedy() -> None:
    first, second = secret_objections(["a_password", "b_password"], "PostgreSQL", ["node3", "node1"])
    assert first.startswith("a_password: ")
    assert second.startswith("b_password: ")
    for sentence in (first, second):
        assert "expected what PostgreSQL knows, since --limit leaves out node1, node3, found another" in sentence
        assert "Run without --limit, or with node1, node3 in it" in sentence
        assert "with erpops.estate.host_in first" in sentence


def test_no_secret_is_shown() -> None:
    assert "canary" not in repr(shared("canary"))
