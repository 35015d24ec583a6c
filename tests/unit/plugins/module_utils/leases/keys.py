# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Stands for etcd where decisions are tested, not etcd."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from ansible_collections.erpops.estate.plugins.module_utils.clients.etcd import Entry

T = TypeVar("T")


class Keys:
    """Keys with revisions, as etcd keeps them."""

    def __init__(self) -> None:
        self.revision = 1
        self.entries_by_key: dict[str, Entry] = {}
        self.before_swap: Callable[[], None] = lambda: None

    def ask(self, question: Callable[[Any], T]) -> T:
        return question(self)

    def entry(self, key: str) -> Entry | None:
        return self.entries_by_key.get(key)

    def entries(self, prefix: str) -> list[Entry]:
        return [entry for key, entry in sorted(self.entries_by_key.items()) if key.startswith(prefix)]

    def swap(self, key: str, value: str | None, revision: int) -> bool:
        act, self.before_swap = self.before_swap, lambda: None
        act()
        found = self.entries_by_key.get(key)
        if (found.revision if found else 0) != revision:
            return False
        self.revision += 1
        if value is None:
            del self.entries_by_key[key]
        else:
            self.entries_by_key[key] = Entry(key, value, self.revision)
        return True
