# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A chain head and a bucket in memory, which can be made to fail."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from uuid import NAMESPACE_OID, uuid5

from ansible_collections.erpops.estate.plugins.module_utils.clients.errors import Unreachable
from ansible_collections.erpops.estate.plugins.module_utils.ledger.head import Seen


def run(name: str) -> str:
    """Return the UUID of a run that is called this."""
    return str(uuid5(NAMESPACE_OID, name))


class MemoryHead:
    def __init__(self) -> None:
        self.line, self.revision, self.down = b"", 0, False
        self.before_swap: Callable[[], None] | None = None

    def turn(self) -> AbstractContextManager[None]:
        return nullcontext()

    def read(self) -> Seen:
        if self.down:
            raise Unreachable("etcd")
        return Seen(self.line, self.revision)

    def swap(self, line: bytes, seen: Seen) -> bool:
        if self.before_swap:
            hook, self.before_swap = self.before_swap, None
            hook()
        if self.down:
            raise Unreachable("etcd")
        if seen.token != self.revision:
            return False
        self.line, self.revision = line, self.revision + 1
        return True


class MemoryFiles:
    what = "the bucket"

    def __init__(self) -> None:
        self.content: dict[str, bytes] = {}
        self.down = False

    def put(self, name: str, content: bytes) -> None:
        if self.down:
            raise Unreachable(self.what)
        self.content[name] = content

    def get(self, name: str) -> bytes | None:
        if self.down:
            raise Unreachable(self.what)
        return self.content.get(name)

    def names(self, kind: str) -> Iterator[str]:
        yield from sorted(name for name in self.content if name.startswith(f"{kind}/"))

    def lines(self) -> list[bytes]:
        return [self.content[name] for name in self.names("entries")]
