# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Judges what an inventory sets: names that no role of the collection knows, values that do not fit."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ansible_collections.erpops.estate.plugins.module_utils.policy.inventory_model import Finding, Inventory, listed
from ansible_collections.erpops.estate.plugins.module_utils.policy.names import closest, nearest


def name_findings(inventory: Inventory) -> Iterator[Finding]:
    """Find variables that look like the collection's and that no role knows."""
    prefixes = tuple(sorted({f"{role}_" for role in inventory.known.values()}))
    for name in inventory.given:
        if name in inventory.known:
            continue
        # A name of the user's own is refused only if it is all but equal to one of ours.
        near = closest(name, inventory.known, cutoff=0.6 if name.startswith(prefixes) else 0.92)
        if near or name.startswith(prefixes):
            remedy = f"Did you mean {near}" if near else "Remove it, or give a variable of your own another prefix"
            yield Finding(inventory.where(name, "inventory"), name, "no role of the collection knows this name", remedy)


def key_findings(inventory: Inventory) -> Iterator[Finding]:
    """Find settings inside a variable that its specification does not have."""
    told: set[Finding] = set()
    for name in inventory.given:
        spec = inventory.specs.get(name, {})
        for _host, value in inventory.values(name):
            for finding in _unknown(inventory.where(name), name, value, spec):
                if finding not in told:
                    told.add(finding)
                    yield finding


def _unknown(where: str, path: str, value: Any, spec: Mapping[str, Any]) -> Iterator[Finding]:
    options = spec.get("options")
    if not options:
        return
    if isinstance(value, list):
        for index, item in enumerate(value):
            label = item.get("name", index) if isinstance(item, Mapping) else index
            yield from _unknown(where, f"{path}[{label}]", item, spec)
    elif isinstance(value, Mapping):
        for key, inner in value.items():
            if key in options:
                yield from _unknown(where, f"{path}.{key}", inner, options[key])
            else:
                remedy = nearest(str(key), options) or f"Known are {listed(sorted(options))}"
                yield Finding(where, f"{path}.{key}", "there is no such setting", remedy)


def value_findings(inventory: Inventory) -> Iterator[Finding]:
    """Find values that are not of the kind their specification asks for.

    A null is a value to Ansible: no default lies beneath it, and no specification refuses it.
    """
    for name in inventory.given:
        default = inventory.specs.get(name, {}).get("default")
        if default is not None and any(value is None for _host, value in inventory.values(name)):
            remedy = "Write one, or leave it out to have the default"
            yield Finding(inventory.where(name), name, "it is set to nothing", remedy)
    for name, reasons in inventory.misfits.items():
        for reason in reasons:
            yield Finding(inventory.where(name), name, reason, "Write it as the role's argument specification says")


def template_findings(inventory: Inventory) -> Iterator[Finding]:
    """Find variables whose template leads nowhere."""
    for name, reason in inventory.unresolved.items():
        yield Finding(inventory.where(name), name, f"it cannot be resolved: {reason}", "Set what it refers to")
