# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Patroni's dynamic configuration: the smallest patch from what is to what should be."""

from __future__ import annotations

import copy
from collections.abc import Collection, Mapping
from typing import Any

from ansible_collections.erpops.estate.plugins.module_utils.policy import dynamic_keys

# What Patroni takes where nothing is said (its documentation, "Dynamic Configuration Settings").
DEFAULTS = {"ttl": 30, "loop_wait": 10, "retry_timeout": 10}


def objections(wish: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    """Return why ``after``, which the wish makes of a cluster's configuration, cannot be one; or nothing.

    Of what others have put there only the timing is judged, since the wish has to fit into it.
    """
    timing = {key: after.get(key) for key in DEFAULTS}
    found = dynamic_keys.objections({**timing, **wish})
    said: list[Any] = [default if timing[key] is None else timing[key] for key, default in DEFAULTS.items()]
    ttl, loop, retry = said
    if all(isinstance(value, int) for value in said) and loop + 2 * retry > ttl:
        found.append(
            f"ttl: expected at least loop_wait + 2 * retry_timeout = {loop + 2 * retry}, found {ttl}: a leader could "
            "lose its lock while it still tries to renew it"
        )
    return found


def patch(current: Mapping[str, Any], desired: Mapping[str, Any], exclusive: Collection[str] = ()) -> dict[str, Any]:
    """Return what to send to ``PATCH /config``, empty when nothing differs.

    Only keys of ``desired`` count, so what others keep there (a pause, slots) stays. Below the dotted
    paths in ``exclusive`` nothing else may stand: what is there beyond ``desired`` is removed. A null
    in ``desired`` removes its key.
    """
    return _patch(current, desired, frozenset(exclusive), "")


def merged(current: Mapping[str, Any], change: Mapping[str, Any]) -> dict[str, Any]:
    """Return the configuration after a patch, as Patroni computes it."""
    result = copy.deepcopy(dict(current))
    for key, value in change.items():
        if value is None:
            result.pop(key, None)
        elif isinstance(value, Mapping) and isinstance(result.get(key), Mapping):
            result[key] = merged(result[key], value)
        else:
            result[key] = copy.deepcopy(value)
    return result


def touched(configuration: Mapping[str, Any], change: Mapping[str, Any], path: str = "") -> dict[str, Any]:
    """Return by dotted name what a configuration says of the keys in a patch; of those that it lacks nothing."""
    found: dict[str, Any] = {}
    for key, value in change.items():
        name, here = f"{path}{key}", configuration.get(key)
        if isinstance(value, Mapping) and isinstance(here, Mapping):
            found |= touched(here, value, f"{name}.")
        elif here is not None:
            found[name] = here
    return found


def undeclared(current: Mapping[str, Any], desired: Mapping[str, Any], path: str = "") -> list[str]:
    """Return the dotted names of what stands there beyond ``desired``; a pause and slots may be somebody's."""
    found: list[str] = []
    for key, value in current.items():
        wanted = desired.get(key)
        if isinstance(value, Mapping) and isinstance(wanted, Mapping):
            found += undeclared(value, wanted, f"{path}{key}.")
        elif wanted is None:
            found.append(f"{path}{key}")
    return sorted(found)


def _patch(
    current: Mapping[str, Any], desired: Mapping[str, Any], exclusive: frozenset[str], path: str
) -> dict[str, Any]:
    change: dict[str, Any] = {}
    for key, wanted in desired.items():
        active = current.get(key)
        if isinstance(wanted, Mapping) and isinstance(active, Mapping):
            inner = _patch(active, wanted, exclusive, f"{path}{key}.")
            if inner:
                change[key] = inner
        elif wanted is None:
            if key in current:
                change[key] = None
        elif not _same(wanted, active):
            change[key] = wanted
    if path.rstrip(".") in exclusive:
        change.update({key: None for key in current if key not in desired})
    return change


def _same(wanted: Any, active: Any) -> bool:
    # 1 and True are equal in Python and not in YAML.
    return type(wanted) is type(active) and bool(wanted == active)
