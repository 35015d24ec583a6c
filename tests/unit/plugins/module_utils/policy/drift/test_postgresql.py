# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""PostgreSQL's settings: the same value in other words and units is none that differs."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.erpops.estate.plugins.module_utils.policy.drift.postgresql import differences, same


def row(setting: str, vartype: str, unit: str | None = None, **more: Any) -> dict[str, Any]:
    return {"setting": setting, "vartype": vartype, "unit": unit, "pending_restart": False, **more}


@pytest.mark.parametrize(
    ("wanted", "found", "expected"),
    [
        ("on", row("on", "bool"), True),
        (True, row("on", "bool"), True),
        ("yes", row("off", "bool"), False),
        (200, row("200", "integer"), True),
        ("375MB", row("48000", "integer", "8kB"), True),
        ("375MB", row("48001", "integer", "8kB"), False),
        ("1GB", row("1024", "integer", "MB"), True),
        ("2GB", row("128", "integer", "16MB"), True),
        ("5s", row("5000", "integer", "ms"), True),
        ("15min", row("900", "integer", "s"), True),
        ("20s", row("20", "integer", "ms"), False),
        ("10MB", row("10240", "integer", "kB"), True),
        (30, row("30", "integer", "s"), True),
        ("0.9", row("0.9", "real"), True),
        (1.1, row("1.1", "real"), True),
        (0.05, row("0.2", "real"), False),
        (-1, row("-1", "integer", "kB"), True),
        ("5 s", row("5000", "integer", "ms"), True),
        ("5s", row("5000", "integer", "kB"), False),
        ("many", row("5", "integer"), False),
        ("replica", row("replica", "enum"), True),
        ("TLSV1.2", row("TLSv1.2", "enum"), True),
        ("%m [%p] ", row("%m [%p] ", "string"), True),
        ("%m [%p]", row("%m [%p] ", "string"), False),
    ],
)
def test_a_value_in_effect(wanted: object, found: dict[str, Any], expected: bool) -> None:
    assert same(wanted, found) is expected


def test_what_is_not_in_effect_and_what_was_set_past_patroni() -> None:
    settings = {
        "work_mem": row("4096", "integer", "kB", sourcefile="/data/postgresql.conf"),
        "shared_buffers": row("16384", "integer", "8kB", pending_restart=True),
        "jit": row("on", "bool", sourcefile="/data/postgresql.auto.conf"),
        "max_connections": row("100", "integer"),
        "wal_compression": row("pglz", "enum"),
    }
    declared = {
        "work_mem": "4MB",
        "shared_buffers": "256MB",
        "max_connections": 200,
        "made_up": 1,
        "wal_compression": "on",
    }
    overrides = [
        {"role": "north", "database": "", "settings": ["work_mem=1GB"]},
        {"role": "ada", "database": "south", "settings": ["jit=on"]},
        {"role": "", "database": "south", "settings": ["jit=off"]},
    ]
    assert [str(one) for one in differences("n1", declared, settings, overrides)] == [
        "postgresql made_up: expected 1, found no such setting",
        "postgresql max_connections: expected 200, found 100",
        "postgresql shared_buffers: expected 256MB, found 16384 of 8kB, which waits for a restart",
        "postgresql jit: expected no ALTER SYSTEM, found on by ALTER SYSTEM",
        "postgresql role north: expected no settings of its own, found work_mem=1GB",
        "postgresql role ada of south: expected no settings of its own, found jit=on",
        "postgresql south: expected no settings of its own, found jit=off",
    ]
