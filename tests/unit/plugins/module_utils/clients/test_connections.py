# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Requests in flight, counted in a table as the kernel writes it."""

from __future__ import annotations

from pathlib import Path

import pytest
from ansible_collections.erpops.estate.plugins.module_utils.clients.connections import established

# Recorded on an edge, on a machine that stores the low byte first: two connections to 172.30.77.12:8069 (state 01),
# one that is closing (06), one to its port 8072, one to 172.30.77.11:8069, and a listener.
TABLE = """\
  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0B4D1EAC:1F92 00000000:0000 0A 00000000:00000000 00:00000000 00000000   904        0 61342 1 0000000000000000 100
   1: 0B4D1EAC:D2F0 0C4D1EAC:1F85 01 00000000:00000000 02:000002B1 00000000   904        0 81410 2 0000000000000000 20
   2: 0B4D1EAC:D2F2 0C4D1EAC:1F85 01 00000000:00000000 02:000002B1 00000000   904        0 81411 2 0000000000000000 20
   3: 0B4D1EAC:D2F4 0C4D1EAC:1F85 06 00000000:00000000 03:00000B1A 00000000     0        0 0 3 0000000000000000
   4: 0B4D1EAC:A1B2 0C4D1EAC:1F88 01 00000000:00000000 02:000002B1 00000000   904        0 81412 2 0000000000000000 20
   5: 0B4D1EAC:A1B4 0B4D1EAC:1F85 01 00000000:00000000 02:000002B1 00000000   904        0 81413 2 0000000000000000 20
"""


@pytest.mark.parametrize(
    ("address", "ports", "count"),
    [
        ("172.30.77.12", {8069}, 2),
        ("172.30.77.12", {8069, 8072}, 3),
        ("172.30.77.11", {8069}, 1),
        ("172.30.77.13", {8069}, 0),
    ],
)
def test_only_open_ones_to_those_ports_count(tmp_path: Path, address: str, ports: set[int], count: int) -> None:
    table = tmp_path / "tcp"
    table.write_text(TABLE, encoding="ascii")
    assert established(address, ports, table=str(table)) == count
