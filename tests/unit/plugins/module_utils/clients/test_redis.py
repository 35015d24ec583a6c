# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a Redis server's answers look like before anybody judges them."""

from __future__ import annotations

from pathlib import Path

from ansible_collections.erpops.estate.plugins.module_utils.clients.redis import Access, pairs, parse_info

INFO = "# Replication\r\nrole:slave\r\nmaster_host:192.0.2.12\r\nslave0:ip=192.0.2.13,port=6379,state=online\r\n\r\n"


def test_info_is_read_by_field() -> None:
    assert parse_info(INFO) == {
        "role": "slave",
        "master_host": "192.0.2.12",
        "slave0": "ip=192.0.2.13,port=6379,state=online",
    }


def test_both_versions_of_the_protocol_give_the_same_names_and_values() -> None:
    assert pairs(["save", "", "port", 0]) == pairs({"save": "", "port": 0}) == {"save": "", "port": "0"}


def test_the_wished_password_is_tried_before_the_kept_one(tmp_path: Path) -> None:
    kept = tmp_path / "password"
    assert Access("ca", "admin", str(kept), "new").passwords() == ("new",)
    kept.write_text("old\n")
    assert Access("ca", "admin", str(kept), "new").passwords() == ("new", "old")
    assert Access("ca", "admin", str(kept), "old").passwords() == ("old",)
    assert Access("ca", "admin", str(kept)).passwords() == ("old",)
