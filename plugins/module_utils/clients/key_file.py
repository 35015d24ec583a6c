# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Keys with revisions in a file of this machine, for an estate that only ever one machine changes.

They answer as those of etcd do, so that the change lock is the same code in both places.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, TypeVar

from ansible_collections.erpops.estate.plugins.module_utils.clients.errors import Refused
from ansible_collections.erpops.estate.plugins.module_utils.clients.etcd import Entry
from ansible_collections.erpops.estate.plugins.module_utils.clients.ledger_file import LedgerFile, write

T = TypeVar("T")


class KeyFile:
    """One file of JSON: the newest revision, and by key its value and the revision it was written at."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._guard = LedgerFile(path)

    def ask(self, question: Callable[[Any], T]) -> T:
        """Put a question, as to a cluster of etcd."""
        return question(self)

    def entry(self, key: str) -> Entry | None:
        """Return a key."""
        return self._load()[1].get(key)

    def entries(self, prefix: str) -> list[Entry]:
        """Return all keys below a prefix."""
        return [entry for key, entry in sorted(self._load()[1].items()) if key.startswith(prefix)]

    def swap(self, key: str, value: str | None, revision: int) -> bool:
        """Write ``value``, or remove the key for None, and return True; only while the key is at ``revision``."""
        with self._guard.alone():
            newest, found = self._load()
            current = found.pop(key, None)
            if (current.revision if current else 0) != revision:
                return False
            if value is not None:
                found[key] = Entry(key, value, newest + 1)
            keys = {entry.key: [entry.value, entry.revision] for entry in found.values()}
            write(self._path, json.dumps({"revision": newest + 1, "keys": keys}, sort_keys=True, indent=1).encode())
        return True

    def _load(self) -> tuple[int, dict[str, Entry]]:
        try:
            with open(self._path, encoding="utf-8") as stream:
                data = json.load(stream)
            return int(data["revision"]), {key: Entry(key, *found) for key, found in data["keys"].items()}
        except FileNotFoundError:
            return 0, {}
        except (OSError, AttributeError, KeyError, TypeError, ValueError) as error:
            raise Refused(
                self._path,
                expected="keys and revisions as JSON",
                found=str(error),
                remedy="see who wrote it; without the file nobody holds the lock",
            ) from error
