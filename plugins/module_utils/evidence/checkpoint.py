# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A statement, to be signed, that a ledger had an entry with a digest: it vouches for all entries up to that one."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass

from ansible_collections.erpops.estate.plugins.module_utils.evidence.entry import Entry, digest, parse

# What a signature is for (PROTOCOL.sshsig): one made for anything else, such as a commit, is none of a checkpoint.
NAMESPACE = "ledger@erpops.estate"


@dataclass(frozen=True)
class Checkpoint:
    """Entry ``n`` of the ledger of ``estate`` had this digest at that time."""

    estate: str
    n: int
    digest: str
    at: str

    @property
    def name(self) -> str:
        """Return the name of its file; which is the newest the statements say, since anybody can call a file so."""
        return file_name(self.n)

    def statement(self) -> bytes:
        """Return the bytes that are signed."""
        return json.dumps(asdict(self), sort_keys=True, separators=(",", ":")).encode() + b"\n"


def file_name(n: int) -> str:
    """Return how a file about one entry is called."""
    return f"{n:012d}.json"


def checkpoint_of(line: bytes, estate: str, at: str) -> Checkpoint:
    """Return the checkpoint that ends with this line."""
    entry: Entry = parse(line)
    return Checkpoint(estate, entry.n, digest(line), at)


def load(statement: bytes) -> Checkpoint:
    """Return the checkpoint of a statement; raise ValueError where it is none."""
    try:
        data = json.loads(statement)
        return Checkpoint(str(data["estate"]), int(data["n"]), str(data["digest"]), str(data["at"]))
    except (KeyError, OverflowError, TypeError, ValueError) as error:
        raise ValueError(f"expected the statement of a checkpoint, found {statement[:80]!r} ({error})") from error
