# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ledgers to try things on."""

from __future__ import annotations

import io

from ansible_collections.erpops.estate.plugins.module_utils.evidence.chain import Anchor
from ansible_collections.erpops.estate.plugins.module_utils.evidence.entry import compose, digest

RUN = "7b0c9a52-52a4-4d0e-9d6b-0f2f5f0e{:04d}"


def ledger(length: int, *, note: str = "") -> list[bytes]:
    """Return the lines of a ledger: runs that were opened and closed, one after the other."""
    lines: list[bytes] = []
    for index in range(length):
        fields = {
            "event": ("opened", "closed")[index % 2],
            "run": RUN.format(index // 2),
            "at": f"2026-11-23T08:{index:02d}:00Z",
            "estate": "lab",
            "note": f"{note}{index}",
        }
        lines.append(compose(lines[-1] if lines else b"", fields))
    return lines


def stored(lines: list[bytes]) -> list[bytes]:
    """Return the lines as a file would give them."""
    return list(io.BytesIO(b"".join(lines)))


def end_of(lines: list[bytes]) -> dict[int, Anchor]:
    """Return what a bucket would know of the last entry."""
    return {len(lines): Anchor(digest(lines[-1]), "the bucket")}
