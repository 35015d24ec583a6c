# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether the files that a ledger was verified by are still those, told without reading them again.

The kernel notes when a file was altered last, also where somebody sets its other times back. Root can have it say
something else, and who has the file mapped can alter it unseen; so this holds for one run, and the next reads it all.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from datetime import datetime

from ansible_collections.erpops.estate.plugins.module_utils.evidence.audit import Question
from ansible_collections.erpops.estate.plugins.module_utils.ledger.stored import Stored
from ansible_collections.erpops.estate.plugins.module_utils.ledger.vouching import checkpoints

# Some file systems know whole seconds only: a file that was altered just now can be altered again and show nothing.
SETTLED = 2


def mark(question: Question, now: datetime) -> str:
    """Return what these files are known by, another once any of them was altered; empty where that is too early to say.

    Take it before they are read: what is altered meanwhile then has another.
    """
    if not os.path.isfile(Stored(question.ledger).file):
        # A copy with a file for each entry: many, and always read.
        return ""
    seen, newest = [repr(question)], 0.0
    for path in _paths(question):
        try:
            found = os.stat(path)
        except FileNotFoundError:
            continue
        newest = max(newest, found.st_ctime)
        seen.append(f"{path} {found.st_dev} {found.st_ino} {found.st_size} {found.st_mtime_ns} {found.st_ctime_ns}")
    if newest + SETTLED > now.timestamp():
        return ""
    return hashlib.sha256("\n".join(seen).encode()).hexdigest()


def _paths(question: Question) -> Iterator[str]:
    ledger = Stored(question.ledger)
    yield from (ledger.file, *filter(None, (question.allowed_signers, question.revoked)))
    for directory, name in checkpoints(question, ledger):
        path = os.path.join(directory.path, name)
        yield from (path, f"{path}.sig")
