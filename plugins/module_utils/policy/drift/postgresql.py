# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""PostgreSQL's effective settings against the declared ones, in PostgreSQL's own units."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ansible_collections.erpops.estate.plugins.module_utils.policy.drift.difference import Difference

# As its documentation has it: "Parameter Names and Values".
BYTES = {"B": 1, "kB": 1024, "MB": 1024**2, "GB": 1024**3, "TB": 1024**4}
SECONDS = {"us": 1e-6, "ms": 1e-3, "s": 1.0, "min": 60.0, "h": 3600.0, "d": 86400.0}
NUMBER = re.compile(r"^\s*([-+]?[0-9.]+(?:[eE][-+]?[0-9]+)?)\s*([A-Za-z]*)\s*$")
TRUTHS = {"on": "on", "true": "on", "yes": "on", "1": "on", "off": "off", "false": "off", "no": "off", "0": "off"}
# Other words of an enumeration that PostgreSQL takes and shows as one of its own.
ALIASES = {"wal_compression": {"on": "pglz"}}
# Where ALTER SYSTEM writes.
BY_HAND = "postgresql.auto.conf"


def differences(
    host: str,
    declared: Mapping[str, Any],
    settings: Mapping[str, Mapping[str, Any]],
    overrides: Sequence[Mapping[str, Any]] = (),
) -> Iterator[Difference]:
    """Yield every declared setting that is not in effect, and every one that somebody set past Patroni.

    ``settings`` are rows of pg_settings by name, ``overrides`` those of pg_db_role_setting.
    """
    for name, wanted in sorted(declared.items()):
        row = settings.get(name)
        if row is None:
            yield Difference("postgresql", host, name, text(wanted), "no such setting")
        elif not same(ALIASES.get(name, {}).get(text(wanted).lower(), wanted), row):
            waits = ", which waits for a restart" if row.get("pending_restart") else ""
            yield Difference("postgresql", host, name, text(wanted), f"{shown(row)}{waits}")
    for name, row in sorted(settings.items()):
        if str(row.get("sourcefile") or "").endswith(BY_HAND):
            yield Difference("postgresql", host, name, "no ALTER SYSTEM", f"{shown(row)} by ALTER SYSTEM")
    for entry in overrides:
        whose = " of ".join(part for part in (f"role {entry['role']}" * bool(entry["role"]), entry["database"]) if part)
        for setting in entry["settings"]:
            yield Difference("postgresql", host, whose or "all roles", "no settings of its own", str(setting))


def text(value: Any) -> str:
    """Return a declared value as it is written for PostgreSQL."""
    return {True: "on", False: "off"}[value] if isinstance(value, bool) else str(value)


def shown(row: Mapping[str, Any]) -> str:
    """Return an effective value with its unit."""
    unit = str(row.get("unit") or "")
    return f"{row['setting']} {'of ' * unit[:1].isdigit()}{unit}".strip()


def same(wanted: Any, row: Mapping[str, Any]) -> bool:
    """Return whether a declared value is what a row of pg_settings says."""
    given, setting, kind = text(wanted), str(row["setting"]), row.get("vartype")
    if kind == "bool":
        return TRUTHS.get(given.lower(), given) == setting
    if kind in ("integer", "real"):
        number = amount(given, str(row.get("unit") or ""), whole=kind == "integer")
        return number is not None and abs(number - float(setting)) <= 1e-9 * max(1.0, abs(number))
    return given.lower() == setting.lower() if kind == "enum" else given == setting


def amount(given: str, unit: str, *, whole: bool) -> float | None:
    """Return how many of ``unit`` (such as 8kB or ms) a value is; None where it is no number of that kind."""
    found = NUMBER.match(given)
    if not found:
        return None
    number, suffix = float(found[1]), found[2]
    if suffix:
        factor = _factor(suffix, unit)
        if factor is None:
            return None
        number *= factor
    return float(round(number)) if whole else number


def _factor(suffix: str, unit: str) -> float | None:
    name = unit.lstrip("0123456789")
    count = int(unit.removesuffix(name) or 1)
    for table in (BYTES, SECONDS):
        if suffix in table and name in table:
            return table[suffix] / (table[name] * count)
    return None
