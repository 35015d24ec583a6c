# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from ansible_collections.erpops.estate.plugins.module_utils.clients.errors import Refused
from ansible_collections.erpops.estate.plugins.module_utils.clients.etcd import Entry
from ansible_collections.erpops.estate.plugins.module_utils.clients.key_file import KeyFile


def test_a_key_changes_only_at_the_revision_that_was_seen(tmp_path: Path) -> None:
    keys = KeyFile(str(tmp_path / "new" / "keys.json"))
    assert keys.entry("/a/1") is None
    assert not keys.swap("/a/1", "x", 1)
    assert keys.swap("/a/1", "x", 0)
    assert not keys.swap("/a/1", "y", 0)
    assert keys.swap("/b", "z", 0)
    assert keys.entry("/a/1") == Entry("/a/1", "x", 1)
    assert keys.swap("/a/1", "y", 1)
    assert keys.entries("/a/") == [Entry("/a/1", "y", 3)]
    assert keys.ask(lambda client: client.entry("/b")) == Entry("/b", "z", 2)


def test_a_key_that_was_removed_and_made_anew_is_another(tmp_path: Path) -> None:
    keys = KeyFile(str(tmp_path / "keys.json"))
    assert keys.swap("/a", "x", 0)
    assert keys.swap("/a", None, 1)
    assert keys.swap("/a", "x", 0)
    assert not keys.swap("/a", "y", 1)


def test_of_many_at_once_one_is_first(tmp_path: Path) -> None:
    path = str(tmp_path / "keys.json")
    with ThreadPoolExecutor(8) as pool:
        won = list(pool.map(lambda number: KeyFile(path).swap("/lock", str(number), 0), range(32)))
    assert won.count(True) == 1
    found = KeyFile(path).entry("/lock")
    assert found is not None
    assert found.value == str(won.index(True))


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"revision": 1, "keys": {"a": 7}}'])
def test_a_file_that_is_none_is_not_overwritten(tmp_path: Path, text: str) -> None:
    path = tmp_path / "keys.json"
    path.write_text(text)
    with pytest.raises(Refused, match="expected keys and revisions as JSON"):
        KeyFile(str(path)).swap("/a", "x", 0)
    assert path.read_text() == text
