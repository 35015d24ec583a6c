# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What has to change in running Redis servers and Sentinels."""

from __future__ import annotations

import pytest
from ansible_collections.erpops.estate.plugins.module_utils.policy import redis_sentinel as policy
from ansible_collections.erpops.estate.plugins.module_utils.policy.redis_sentinel import Follow

A, B, C = "192.0.2.11", "192.0.2.12", "192.0.2.13"
MASTER = {"role": "master", "connected_slaves": "2"}
ALONE = {"role": "master", "connected_slaves": "0"}
REPLICA = {"role": "slave", "master_host": B}


@pytest.mark.parametrize(
    ("rules", "before", "shown"),
    [
        ("on #abc ~* +@all", None, "on #(secret) ~* +@all"),
        ("on #abc ~* +@all", "on #abc ~* +get", "on #(secret) ~* +@all"),
        ("on #abc #def ~*", "on #abc ~*", "on #(secret) #(secret, differs) ~*"),
        ("on >abc", "", "on >(secret, differs)"),
        ("off nopass -@all", None, "off nopass -@all"),
    ],
)
def test_rules_are_shown_without_their_passwords(rules: str, before: str | None, shown: str) -> None:
    assert policy.shown(rules, before) == shown


@pytest.mark.parametrize(
    ("elected", "infos", "master"),
    [
        ("", {}, A),
        ("", {A: ALONE, B: ALONE, C: ALONE}, A),
        # The Sentinels lost their files after a failover: whom the replicas follow stays master.
        ("", {A: REPLICA, B: MASTER, C: REPLICA}, B),
        ("", {A: ALONE, B: {**MASTER, "connected_slaves": "1"}, C: REPLICA}, B),
        (C, {A: MASTER, B: REPLICA, C: REPLICA}, C),
    ],
)
def test_who_is_followed(elected: str, infos: dict[str, dict[str, str]], master: str) -> None:
    assert policy.choose_master(elected, infos, A) == master


@pytest.mark.parametrize(
    ("address", "info", "watched", "change"),
    [
        (A, MASTER, True, None),
        (A, REPLICA, True, None),
        (A, REPLICA, False, Follow("")),
        (C, {"role": "slave", "master_host": A}, True, None),
        (C, REPLICA, True, Follow(A)),
        (C, ALONE, True, Follow(A)),
    ],
)
def test_what_a_server_is_told_when_a_is_master(
    address: str, info: dict[str, str], watched: bool, change: Follow | None
) -> None:
    assert policy.replication_change(address, A, info, watched=watched) == change


@pytest.mark.parametrize(
    ("given", "plain"),
    [
        ("128mb", "134217728"),
        ("1k", "1000"),
        ("2GB", "2147483648"),
        ("noeviction", "noeviction"),
        ("10", "10"),
        ("", ""),
    ],
)
def test_sizes_are_compared_in_bytes(given: str, plain: str) -> None:
    assert policy.plain(given) == plain


def test_only_what_differs_is_set() -> None:
    live = {"maxmemory": "134217728", "timeout": "77", "save": ""}
    wanted = {"maxmemory": "128mb", "timeout": "0", "save": "", "no-such-setting": "1"}
    assert policy.differing(wanted, live) == {"timeout": "0", "no-such-setting": "1"}


FILE = """
# a comment
bind 192.0.2.11 127.0.0.1
tls-protocols "TLSv1.2 TLSv1.3"
save ""
appendfsync no
maxmemory 128mb
user north on >broken" quoting
"""


def test_a_file_edited_by_hand_is_seen() -> None:
    wanted = {
        "bind": "192.0.2.11 127.0.0.1",
        "tls-protocols": "TLSv1.2 TLSv1.3",
        "save": "",
        "appendfsync": "everysec",
        "maxmemory": "134217728",
        "timeout": "0",
    }
    assert policy.stale_lines(wanted, FILE) == ("appendfsync",)


def test_what_a_sentinel_tells_nobody_is_read_from_its_file() -> None:
    text = 'sentinel auth-user sessions sentinel\nsentinel auth-pass sessions "a b"\nsentinel auth-pass other x\n'
    assert policy.sentinel_secrets(text, "sessions") == {"auth-user": "sentinel", "auth-pass": "a b"}


def test_users_are_replaced_and_unknown_ones_removed() -> None:
    wanted = {"default": "off", "north": "on ~north:*", "south": "on ~south:*"}
    live = {"default": "on nopass", "north": "on ~north:*", "evil": "on +@all"}
    changes = policy.user_changes(wanted, live)
    assert changes.replace == {"default": "off", "south": "on ~south:*"}
    assert changes.remove == ("evil",)
    assert policy.user_changes({}, {"default": "on nopass"}).remove == ()


@pytest.mark.parametrize(
    ("wanted", "live", "interim"),
    [
        ("on #new ~a:* +get", "on #old ~a:* +get", "on #new #old ~a:* +get"),
        ("on #new ~a:* +get", "on #new #old ~a:* +get", "on #new #old ~a:* +get"),
        ("on #new ~a:* +get", "on #new ~b:* +set", "on #new ~a:* +get"),
        ("on #new ~a:* +get", "", "on #new ~a:* +get"),
        ("off", "on nopass", "off"),
    ],
)
def test_an_old_password_is_let_in_until_everybody_uses_the_new_one(wanted: str, live: str, interim: str) -> None:
    assert policy.with_old_passwords({"north": wanted}, {"north": live}) == {"north": interim}


def test_which_users_get_another_password() -> None:
    wanted = {
        "same": "on #aaa +get",
        "other": "on #bbb +get",
        "half way": "on #bbb +get",
        "first": "on #bbb +get",
        "rights alone": "on #aaa +get +set",
        "nobody": "off -@all",
    }
    live = {
        **dict.fromkeys(("same", "other", "rights alone"), "on #aaa +get"),
        "half way": "on #bbb #aaa +get",
        "nobody": "off -@all",
        "gone": "on #aaa +get",
    }
    assert policy.new_passwords(wanted, live) == ["other", "half way"]


@pytest.mark.parametrize(
    ("wanted", "members", "expected"), [(1, 3, 1), (2, 3, 2), (3, 3, 2), (1, 1, 0), (0, 3, 0), (1, 0, 0)]
)
def test_a_master_waits_for_no_more_replicas_than_there_can_be(wanted: int, members: int, expected: int) -> None:
    assert policy.min_replicas(wanted, members) == expected
