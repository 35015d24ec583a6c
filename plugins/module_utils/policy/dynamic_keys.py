# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The keys of Patroni's dynamic configuration, and what each may be.

Patroni takes what it does not know without a word, and the nearest it accepts for what is out of range. The least of a
range is Patroni's own or PostgreSQL's; the most, where Patroni has none, is what nobody means.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

DAY = 24 * 3600
TERABYTE = 1 << 40


@dataclass(frozen=True)
class Kind:
    """What a value has to be, in words, and whether one is."""

    expected: str
    fits: Callable[[Any], bool]


def _number(least: int, most: int, *, unit: str = "") -> Kind:
    def fits(value: Any) -> bool:
        return isinstance(value, int) and not isinstance(value, bool) and least <= value <= most

    return Kind(f"a number from {least} to {most}{unit}", fits)


def _parameter(least: int, most: int) -> Kind:
    """Return a number of PostgreSQL's, which may be given as text."""
    whole = _number(least, most)

    def fits(value: Any) -> bool:
        return whole.fits(int(value) if isinstance(value, str) and value.isdecimal() else value)

    return Kind(whole.expected, fits)


def _of(expected: str, *kinds: type) -> Kind:
    return Kind(expected, lambda value: isinstance(value, kinds))


SECONDS = _number(0, DAY, unit=" seconds")
FLAG = _of("true or false", bool)
TEXT = _of("text", str)
MAPPING = _of("a mapping", Mapping)
LIST = _of("a list", list)
LINES = Kind("a list of lines", lambda value: isinstance(value, list) and all(isinstance(line, str) for line in value))

KEYS: Mapping[str, Kind] = {
    "check_timeline": FLAG,
    "failsafe_mode": FLAG,
    "ignore_slots": LIST,
    "loop_wait": _number(1, 300),
    "max_timelines_history": _number(0, 1_000_000),
    "maximum_lag_on_failover": _number(0, TERABYTE),
    "maximum_lag_on_syncnode": _number(-1, TERABYTE),
    "member_slots_ttl": _of("a number of seconds, or text with a unit", int, str),
    "pause": FLAG,
    "postgresql": MAPPING,
    "primary_start_timeout": SECONDS,
    "primary_stop_timeout": SECONDS,
    "retry_timeout": _number(3, 300),
    "slots": MAPPING,
    "standby_cluster": MAPPING,
    "synchronous_mode": Kind("true, false or quorum", lambda value: isinstance(value, bool) or value == "quorum"),
    "synchronous_mode_strict": FLAG,
    "synchronous_node_count": _number(1, 100),
    "ttl": _number(20, 3600),
}
# A method that makes replicas has a section under its own name there, so that a name alone is no mistake.
POSTGRESQL: Mapping[str, Kind] = {
    "basebackup": _of("a list or a mapping", list, Mapping),
    "callbacks": MAPPING,
    "create_replica_methods": LINES,
    "custom_conf": TEXT,
    "parameters": MAPPING,
    "pg_ctl_timeout": SECONDS,
    "pg_hba": LINES,
    "pg_ident": LINES,
    "recovery_conf": MAPPING,
    "remove_data_directory_on_diverged_timelines": FLAG,
    "remove_data_directory_on_rewind_failure": FLAG,
    "use_pg_rewind": FLAG,
    "use_slots": FLAG,
}
# Those that Patroni gives PostgreSQL on its command line, since all members need them alike.
PARAMETERS: Mapping[str, Kind] = {
    "max_connections": _parameter(1, 262143),
    "max_locks_per_transaction": _parameter(10, 2147483647),
    "max_prepared_transactions": _parameter(0, 262143),
    "max_replication_slots": _parameter(0, 262143),
    "max_wal_senders": _parameter(0, 262143),
    "max_worker_processes": _parameter(0, 262143),
}


def objections(config: Mapping[str, Any]) -> list[str]:
    """Return what stands in a wish that Patroni does not know, or would bend; a null removes and may name anything."""
    wished = {key: value for key, value in config.items() if value is not None}
    postgresql = _mapping(wished.get("postgresql"))
    methods = postgresql.get("create_replica_methods")
    named = methods if isinstance(methods, list) else []
    return [
        *(_unknown(key, "", KEYS, near="") for key in wished if key not in KEYS),
        *_misspelt(postgresql, named),
        *_values(wished, "", KEYS),
        *_values(postgresql, "postgresql.", POSTGRESQL),
        *_values(_mapping(postgresql.get("parameters")), "postgresql.parameters.", PARAMETERS),
    ]


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _values(config: Mapping[str, Any], path: str, kinds: Mapping[str, Kind]) -> Iterator[str]:
    for key, kind in kinds.items():
        value = config.get(key)
        if value is not None and not kind.fits(value):
            yield f"{path}{key}: expected {kind.expected}, found {value!r}"


def _misspelt(postgresql: Mapping[str, Any], methods: Collection[Any]) -> Iterator[str]:
    for key, value in postgresql.items():
        near = get_close_matches(key, POSTGRESQL, 1, 0.8)
        if value is not None and key not in POSTGRESQL and key not in methods and near:
            yield _unknown(key, "postgresql.", POSTGRESQL, near=near[0])


def _unknown(key: str, path: str, known: Collection[str], *, near: str) -> str:
    nearest = near or next(iter(get_close_matches(key, known, 1)), "")
    hint = f"; did you mean {path}{nearest}?" if nearest else f"; there are {', '.join(sorted(known))}"
    return f"{path}{key}: expected a key of Patroni's dynamic configuration, found none of that name{hint}"
