# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether what came is what etcd sent."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
from ansible_collections.erpops.estate.plugins.module_utils.clients.errors import Refused
from ansible_collections.erpops.estate.plugins.module_utils.members.etcd_snapshot import PIECE, pieces, verified

CONTENT = bytes(range(256)) * 40
SENT = CONTENT + hashlib.sha256(CONTENT).digest()


def cut(content: bytes, *sizes: int) -> list[bytes]:
    found, start = [], 0
    for size in (*sizes, len(content)):
        found.append(content[start : start + size])
        start += size
    return found


@pytest.mark.parametrize("sizes", [(), (1, 2, 3), (len(CONTENT),), (len(CONTENT) + 5, 7), (len(SENT), 0)])
def test_a_whole_snapshot_comes_through_however_it_is_cut(sizes: tuple[int, ...]) -> None:
    assert b"".join(verified(cut(SENT, *sizes))) == SENT


@pytest.mark.parametrize(
    "received",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(hashlib.sha256(b"").digest(), id="a digest alone"),
        pytest.param(CONTENT, id="without its digest"),
        pytest.param(SENT[:-1], id="cut short"),
        pytest.param(SENT[1:], id="without its beginning"),
        pytest.param(SENT.replace(b"\x07", b"\x08", 1), id="one byte of it another"),
    ],
)
def test_anything_else_is_refused(received: bytes) -> None:
    with pytest.raises(Refused, match="expected a whole one"):
        list(verified(cut(received, 100)))


def test_a_file_comes_in_pieces(tmp_path: Path) -> None:
    (tmp_path / "large").write_bytes(bytes(PIECE) + SENT)
    assert [len(piece) for piece in pieces(str(tmp_path / "large"))] == [PIECE, len(SENT)]
