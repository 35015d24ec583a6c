# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Brings this machine's copy of a shared ledger up to what others have written."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ansible_collections.erpops.estate.plugins.module_utils.clients.ledger_file import LedgerDirectory, LedgerFile
from ansible_collections.erpops.estate.plugins.module_utils.evidence.entry import record_name
from ansible_collections.erpops.estate.plugins.module_utils.ledger.keepers import Copy, Files

CHECKPOINTS = "checkpoints"
_RECORD = re.compile(rb'"record":"([0-9a-f]{64})"')


def fetch(head: bytes, file: LedgerFile, directory: LedgerDirectory, source: Files | None) -> int:
    """Fetch the entries up to the line ``head``, their records and the checkpoints; return how many files came.

    A file that is here is left alone: whether it is right is for verification to say.
    """
    if head:
        Copy(file, source).keep(head)
    if source is None:
        return 0
    here = set(directory.names("records")) | set(directory.names(CHECKPOINTS))
    # The newest checkpoint vouches for all before it; a signature before the statement that is nothing without it.
    newest = [name for name in source.names(CHECKPOINTS) if name.endswith(".json")][-1:]
    wanted = [*_records(file), *(f"{name}{end}" for name in newest for end in (".sig", ""))]
    return sum(_fetched(name, directory, source) for name in wanted if name not in here)


def _records(file: LedgerFile) -> Iterator[str]:
    for line in file.lines():
        found = _RECORD.search(line)
        if found:
            yield record_name(found[1].decode())


def _fetched(name: str, directory: LedgerDirectory, source: Files) -> bool:
    content = source.get(name)
    if content is None:
        return False
    directory.put(name, content)
    return True
