# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an inventory says, as plain data, and what is found wrong in it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.erpops.estate.plugins.module_utils.policy.said import said

ESTATE_GROUP = "estate"
SERVICE_GROUPS = ("etcd", "patroni", "redis", "odoo", "edge", "object_storage", "image_registry")


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong: where it stands, what it is, what to do."""

    where: str
    variable: str
    problem: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.where}: {self.variable}: {self.problem}. {self.remedy}."


@dataclass(frozen=True)
class Inventory:
    """An inventory whose templates are resolved, as far as that is possible without asking a host.

    ``hosts`` holds each host's variables with the roles' defaults beneath them. ``given`` says which
    names the inventory itself sets, and on which hosts. ``known`` has each variable's role, ``specs``
    its argument specification where it has one. ``unresolved`` has, by variable, the reason why its
    template could not be resolved, ``misfits`` why its value does not fit its specification.
    ``places`` has, by variable, the files that set it.
    """

    groups: Mapping[str, Sequence[str]]
    hosts: Mapping[str, Mapping[str, Any]]
    given: Mapping[str, Sequence[str]] = field(default_factory=dict)
    known: Mapping[str, str] = field(default_factory=dict)
    specs: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    unresolved: Mapping[str, str] = field(default_factory=dict)
    misfits: Mapping[str, Sequence[str]] = field(default_factory=dict)
    places: Mapping[str, Sequence[str]] = field(default_factory=dict)

    def members(self, group: str) -> list[str]:
        """Return the hosts of a group."""
        return list(self.groups.get(group, ()))

    def estate_hosts(self) -> list[str]:
        """Return every host that belongs to the estate, in the order of the inventory."""
        named = set(self.members(ESTATE_GROUP))
        for group in SERVICE_GROUPS:
            named.update(self.members(group))
        return [host for host in self.hosts if host in named]

    def where(self, variable: str, otherwise: str = "group all") -> str:
        """Return the files that set a variable, or the place where it belongs."""
        files = list(dict.fromkeys(self.places.get(variable, ())))
        more = f" and {len(files) - 3} more" if len(files) > 3 else ""
        return ", ".join(files[:3]) + more or otherwise

    def values(self, variable: str, hosts: Iterable[str] | None = None) -> Iterator[tuple[str, Any]]:
        """Yield host and value wherever the variable has a value that could be resolved."""
        for host in self.estate_hosts() if hosts is None else hosts:
            variables = self.hosts.get(host, {})
            if variable in variables:
                yield host, variables[variable]

    def shared(self, variable: str, default: Any = None) -> Any:
        """Return the value of a variable that is the same for the whole estate."""
        return next((value for _host, value in self.values(variable)), default)

    def setting(self, group: str, variable: str, default: Any = None) -> Any:
        """Return what roles elsewhere are told about a variable of a group's hosts: the first speaks that sets it."""
        given = self.given.get(variable, ())
        hosts = [host for host in self.members(group) if host in self.hosts]
        return said([host for host in hosts if host in given] or hosts, self.hosts, variable, default)

    def environment(self) -> str:
        """Return the environment: development, qa, staging or production."""
        return str(self.shared("estate_environment", "production"))

    def highly_available(self) -> bool:
        """Return whether the estate has to survive the loss of any one host."""
        return self.shared("estate_high_availability", True) is not False


def listed(names: Iterable[Any]) -> str:
    """Return names as they stand in a sentence: ``a, b and c``."""
    words = [str(name) for name in names]
    if len(words) < 2:
        return "".join(words)
    return f"{', '.join(words[:-1])} and {words[-1]}"


def shared_by(pairs: Iterable[tuple[str, Any]]) -> list[tuple[Any, list[str]]]:
    """Return each value that more than one owner has, with its owners."""
    owners: dict[Any, list[str]] = {}
    for owner, value in pairs:
        owners.setdefault(value, []).append(owner)
    return [(value, names) for value, names in owners.items() if len(names) > 1]
