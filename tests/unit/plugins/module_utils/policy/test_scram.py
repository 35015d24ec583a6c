# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Verifiers that PostgreSQL 17 made, and ones made here."""

from __future__ import annotations

import pytest
from ansible_collections.erpops.estate.plugins.module_utils.policy.scram import alteration, matches, others, verifier

KEPT = (
    "SCRAM-SHA-256$4096:Ai+zdclronZ/pRKzo16NEg==$"
    "zoe8T6/ongVDvPo8/dtKh6zbZZwQfom8u3CsgY0NzqQ=:r//FzCDhi3pmHXSv2+TCjetvAU3Vz2VDjpL0tu8cmxc="
)


@pytest.mark.parametrize(
    ("password", "kept", "same"),
    [
        ("northdb", KEPT, True),
        ("northdb ", KEPT, False),
        ("northdb", None, False),
        ("northdb", "md5d41d8cd98f00b204e9800998ecf8427e", False),
        ("northdb", "SCRAM-SHA-256$4096:=$AAAA:AAAA", False),
        ("südwind", verifier("südwind", b"0123456789abcdef"), True),
    ],
)
def test_a_password_is_known_by_its_verifier(password: str, kept: str | None, same: bool) -> None:
    assert matches(password, kept) == same


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ({}, []),
        ({"north": "northdb"}, []),
        ({"north": "new"}, ["north"]),
        ({"north": "northdb", "south": "new", "east": "new"}, ["south", "east"]),
        ({"nobody": "northdb"}, []),
    ],
)
def test_another_password_is_one_that_somebody_knows_already(wanted: dict[str, str], found: list[str]) -> None:
    assert others(wanted, {"north": KEPT, "south": KEPT, "east": None}) == found


def test_a_password_leaves_as_a_verifier() -> None:
    statement, value = alteration('"north"', "canary-8c2f", b"0123456789abcdef")
    assert statement == 'ALTER ROLE "north" PASSWORD %s'
    assert matches("canary-8c2f", value)
    assert "canary" not in value
