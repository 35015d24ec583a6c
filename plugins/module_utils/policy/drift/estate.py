# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The drift of a whole estate: every difference that its hosts told of, whose it is, whether a waiver covers it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from ansible_collections.erpops.estate.plugins.module_utils.policy.change.requests import Waiver
from ansible_collections.erpops.estate.plugins.module_utils.policy.drift import (
    compared,
    login_keys,
    odoo_modules,
    postgresql,
    undeclared,
    units,
    views,
)
from ansible_collections.erpops.estate.plugins.module_utils.policy.drift.declared import Declared
from ansible_collections.erpops.estate.plugins.module_utils.policy.drift.difference import (
    ESTATE,
    KINDS,
    UNTOLD,
    Difference,
)

Seen = Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True)
class Judged:
    """A difference, who answers for it, and the waiver that covers it, if any."""

    difference: Difference
    owner: str
    waiver: Waiver | None = None

    def as_dict(self) -> dict[str, Any]:
        """Return plain data for a report."""
        one, waiver = self.difference, self.waiver
        told = {key: getattr(one, key) for key in ("kind", "host", "object", "expected", "found", "instance")}
        covered = (
            {"id": waiver.id, "owner": waiver.owner, "reason": waiver.reason, "expires": waiver.expires.isoformat()}
            if waiver
            else None
        )
        return {**told, "role": one.owner, "owner": self.owner, "waiver": covered}


def differences(seen: Seen, declared: Declared) -> list[Difference]:
    """Return every difference once, by host and kind.

    ``seen`` has by host what the playbook drift gathered; a host that could not be reached has no ``contents``.
    """
    found = [one for host in sorted(seen) for one in _host(host, seen[host], declared)]
    found += _cluster(seen, declared)
    answers = {host: entry["contents"] for host, entry in seen.items() if entry.get("contents")}
    systems = {host: str(seen[host].get("system") or "") for host in answers}
    roles = {name: role for packages in declared.packages.values() for name, role in packages.items()}
    found += undeclared.versions({host: one["packages"] for host, one in answers.items()}, systems, roles)
    once = dict.fromkeys(compared.shared_once(found))
    return sorted(once, key=lambda one: (one.host == ESTATE, one.host, _place(one.kind), one.object))


def _place(kind: str) -> int:
    return KINDS.index(kind) if kind in KINDS else -1


def _host(host: str, seen: Mapping[str, Any], declared: Declared) -> Iterator[Difference]:
    untold = list(seen.get("untold") or ())
    yield from compared.untold(host, untold)
    contents, services = seen.get("contents"), list(seen.get("services") or ())
    yield from compared.services(host, services)
    if contents:
        names = {str(entry["service"]) for entry in services}
        yield from undeclared.containers(host, contents["containers"], names, told=not untold)
        yield from undeclared.people(host, contents, declared.people.get(host, ()))
        yield from login_keys.undeclared(host, contents, declared.keys.get(host, ()))
        yield from undeclared.packages(host, declared.packages.get(host, {}), contents["packages"])
        known = declared.tables.get(host, ())
        yield from undeclared.tables(host, contents, known, virtual_ip=host in declared.virtual_ip)
        # Where not everything was told of a host, units may well be a role's that could not say so.
        if not untold:
            kept = {path for part in seen.get("parts") or () for path in part.get("units") or ()}
            yield from units.undeclared(host, contents.get("units") or (), kept)
    elif not untold:
        yield Difference(UNTOLD, host, "the host", "an answer", "none; it is unreachable")
    for part in seen.get("parts") or ():
        if part["role"] == "redis_sentinel":
            yield from compared.redis(host, part["actions"])
        else:
            yield from compared.actions(host, part["role"], part["kind"], part["actions"])
    yield from compared.certificates(host, seen.get("certificates") or {}, declared.renew_before_days)
    if seen.get("postgresql"):
        effective, given = seen["postgresql"], seen.get("postgresql_declared") or {}
        # What is the whole cluster's is one member's to tell: every member has the same.
        overrides = effective["overrides"] if effective.get("leads") else ()
        yield from postgresql.differences(host, given, effective["settings"], overrides)
    if seen.get("routers") is not None:
        yield from views.routers(host, seen["routers"], seen.get("routers_declared") or {})


def _cluster(seen: Seen, declared: Declared) -> Iterator[Difference]:
    """Yield what was asked once for all: the first host that knows says it."""
    for key, judge in (
        ("patroni", compared.dynamic_config),
        ("redis", lambda info: views.sentinels(info, declared.members)),
    ):
        told = next((seen[host][key] for host in sorted(seen) if seen[host].get(key)), None)
        if told:
            yield from judge(told)
    for part in _once(seen):
        yield from compared.actions(ESTATE, part["role"], part["kind"], part["actions"])
    for entry in (one for host in sorted(seen) for one in seen[host].get("instances") or ()):
        name = str(entry["name"])
        yield from compared.instance(name, entry.get("differences") or ())
        yield from compared.parameters(name, entry.get("undeclared") or ())
        modules = odoo_modules.read(entry.get("modules") or {})
        yield from odoo_modules.undeclared(name, modules, declared.modules.get(name, ()))


def _once(seen: Seen) -> Iterable[Mapping[str, Any]]:
    """Return what the roles would do once for all hosts; each host of the group has been told the same."""
    return {str(part["role"]): part for host in sorted(seen) for part in seen[host].get("shared") or ()}.values()


def judged(found: Iterable[Difference], declared: Declared, waivers: Iterable[Waiver], now: datetime) -> list[Judged]:
    """Return each difference with who answers for it and the first waiver that covers it."""
    waivers = list(waivers)

    def covering(one: Difference) -> Waiver | None:
        return next((waiver for waiver in waivers if waiver.covers_drift(one, declared.environment, now)), None)

    return [Judged(one, str(declared.owners.get(one.owner) or one.owner), covering(one)) for one in found]


def lines(found: Sequence[Judged], troubles: Sequence[str] = ()) -> list[str]:
    """Return the drift for a terminal: by host, each difference in a sentence with its owner and its waiver."""
    open_ones = [one for one in found if one.waiver is None]
    shown: list[str] = []
    for host in dict.fromkeys(one.difference.host for one in found):
        shown.append(f"{host}:" if host != ESTATE else "the estate as a whole:")
        shown += [f"  {_line(one)}" for one in found if one.difference.host == host]
    shown += list(troubles)
    if not found:
        return [*shown, "What runs is what is declared."]
    covered = len(found) - len(open_ones)
    return [*shown, f"Differences: {len(found)}; covered by a waiver: {covered}; not covered: {len(open_ones)}."]


def _line(one: Judged) -> str:
    role = one.difference.owner
    owner = f"{one.owner} ({role})" if one.owner != role else role
    waiver = one.waiver
    covered = (
        f"; waived until {waiver.expires:%Y-%m-%d %H:%M %Z} by {waiver.owner} ({waiver.id}: {waiver.reason})"
        if waiver
        else ""
    )
    return f"{one.difference}; owner: {owner}{covered}"
