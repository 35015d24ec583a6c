# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Requests in flight, counted in a table as the kernel writes it."""

from __future__ import annotations

from pathlib import Path

import pytest
from ansible_collections.erpops.estate.plugins.module_utils.clients.connections import accepted, opened

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


# Traefik listens for both families: connections of users to 172.30.77.10:443 and to 172.30.77.11:80, one that waits for
# its last segment (06), and one from Traefik itself to an IPv6 address. Without the columns that are not read.
TABLE6 = """\
  sl  local_address remote_address st tx_queue
   0: 00000000000000000000000000000000:01BB 00000000000000000000000000000000:0000 0A 00000000:00000000
   1: 0000000000000000FFFF00000A4D1EAC:01BB 0000000000000000FFFF0000014D1EAC:C430 01 00000000:00000000
   2: 0000000000000000FFFF00000B4D1EAC:0050 0000000000000000FFFF0000014D1EAC:C432 01 00000000:00000000
   3: 0000000000000000FFFF00000A4D1EAC:01BB 0000000000000000FFFF0000014D1EAC:C434 06 00000000:00000000
   4: 000000FD000000000000000001000000:A1B6 000000FD000000000000000002000000:01BB 01 00000000:00000000
"""


@pytest.fixture
def tables(tmp_path: Path) -> list[str]:
    for name, text in (("tcp", TABLE), ("tcp6", TABLE6)):
        (tmp_path / name).write_text(text, encoding="ascii")
    return [str(tmp_path / name) for name in ("tcp", "tcp6", "none")]


@pytest.mark.parametrize(
    ("ends", "count"),
    [
        ({("172.30.77.12", 8069)}, 2),
        ({("172.30.77.12", 8069), ("172.30.77.12", 8072)}, 3),
        ({("172.30.77.11", 8069)}, 1),
        ({("172.30.77.13", 8069)}, 0),
        ({("fd00::2", 443)}, 1),
    ],
)
def test_only_open_ones_to_those_ports_count(tables: list[str], ends: set[tuple[str, int]], count: int) -> None:
    assert opened(ends, tables=tables) == count


@pytest.mark.parametrize(("ports", "count"), [({443}, 1), ({80, 443}, 2), ({8072}, 0)])
def test_what_users_have_open_is_in_the_table_of_both_families(tables: list[str], ports: set[int], count: int) -> None:
    assert accepted(ports, tables=tables) == count
