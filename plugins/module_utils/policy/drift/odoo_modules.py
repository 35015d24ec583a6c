# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which modules of an instance nobody asked for, by the dependencies that its database knows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ansible_collections.erpops.estate.plugins.module_utils.policy.drift.difference import ESTATE, Difference
from ansible_collections.erpops.estate.plugins.module_utils.policy.odoo_instance import ESTATE_MODULES

# What every database has, and what carries the accounting of a company's country, which Odoo chooses itself.
ALWAYS = ("base",)
ACCOUNTING, LOCALISATION = "account", "l10n_"
INSTALLED = "installed"


@dataclass(frozen=True)
class Module:
    """A module of a database. ``auto`` installs itself once all that it is ``drawn_by`` are there."""

    name: str
    state: str
    auto: bool
    needs: frozenset[str]
    drawn_by: frozenset[str]


def read(rows: Mapping[str, Mapping[str, Any]]) -> dict[str, Module]:
    """Return the modules from what M(erpops.estate.odoo_modules_info) returned."""
    return {
        name: Module(
            name, str(row["state"]), bool(row["auto_install"]), frozenset(row["depends"]), frozenset(row["drawn_by"])
        )
        for name, row in rows.items()
    }


def undeclared(instance: str, modules: Mapping[str, Module], declared: Iterable[str]) -> Iterator[Difference]:
    """Yield the modules that are installed though neither declared, nor needed, nor drawn in by those that are."""
    wanted = closure(modules, [*ALWAYS, *ESTATE_MODULES, *declared])
    for name, module in sorted(modules.items()):
        if module.state != INSTALLED or name in wanted:
            continue
        if ACCOUNTING in wanted and name.startswith(LOCALISATION):
            continue
        yield Difference("odoo_module", ESTATE, f"{instance}/{name}", "nothing", INSTALLED, instance=instance)


def closure(modules: Mapping[str, Module], seeds: Iterable[str]) -> set[str]:
    """Return the modules that come with these."""
    wanted: set[str] = set()
    waiting = set(seeds)
    while waiting:
        wanted |= waiting
        needed = {need for name in waiting if name in modules for need in modules[name].needs}
        drawn = {name for name, module in modules.items() if module.auto and module.drawn_by <= wanted | needed}
        waiting = (needed | drawn) - wanted
    return wanted
