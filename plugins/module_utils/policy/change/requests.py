# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Changes that are asked for, and waivers: what people write about one change, or one exception."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from ansible_collections.erpops.estate.plugins.module_utils.policy.change.document import Document, Path
from ansible_collections.erpops.estate.plugins.module_utils.policy.change.people import People, unknown_remedy
from ansible_collections.erpops.estate.plugins.module_utils.policy.change.rules import Policy, Standing
from ansible_collections.erpops.estate.plugins.module_utils.policy.change.schemas import DRIFT
from ansible_collections.erpops.estate.plugins.module_utils.policy.change.words import NONE, Part, Target
from ansible_collections.erpops.estate.plugins.module_utils.policy.drift.difference import Difference
from ansible_collections.erpops.estate.plugins.module_utils.policy.inventory_model import Finding, listed

OPEN = "open"


@dataclass(frozen=True)
class Change:
    """A change that somebody asks for. ``window`` is when it is wished; outside of it, it does not run."""

    id: str
    where: str
    title: str
    kind: str
    environment: str
    instances: tuple[str, ...]
    requester: str
    rollback: str
    reason: str = ""
    risk: str = "medium"
    sites: tuple[str, ...] = ()
    planes: tuple[str, ...] = ()
    window: tuple[datetime, datetime] | None = None
    state: str = OPEN


@dataclass(frozen=True)
class Waiver:
    """An exception somebody answers for, until it expires. What it leaves empty it does not limit.

    It excuses either requirements of changes, and then ``kinds`` are those of changes; or differences that drift finds,
    and then ``hosts`` and ``objects`` are theirs.
    """

    id: str
    where: str
    owner: str
    reason: str
    expires: datetime
    waives: frozenset[str]
    environments: frozenset[str]
    kinds: frozenset[str] = frozenset()
    instances: frozenset[str] = frozenset()
    hosts: frozenset[str] = frozenset()
    objects: frozenset[str] = frozenset()

    def covers(self, requirement: str, target: Target, instance: str, now: datetime) -> bool:
        """Return whether it excuses a requirement of a change for an instance."""
        return (
            now < self.expires
            and requirement in self.waives
            and target.environment in self.environments
            and (not self.kinds or target.kind in self.kinds)
            and (not self.instances or instance in self.instances)
        )

    def covers_drift(self, difference: Difference, environment: str, now: datetime) -> bool:
        """Return whether it excuses a difference between what is declared and what runs."""
        return (
            now < self.expires
            and f"{DRIFT}{difference.kind}" in self.waives
            and environment in self.environments
            and (not self.instances or difference.instance in self.instances)
            and (not self.hosts or difference.host in self.hosts)
            and (not self.objects or difference.object in self.objects)
        )


def change(document: Document, policy: Policy, people: People) -> tuple[Change, list[Finding]]:
    """Return the change of a document that fits its schema, and what is wrong with it."""
    data, scope = document.data, document.data["scope"]
    faults = [*_named_for(document), *_person(document, "requester", people)]
    faults += _unknown(document, ("scope", "instances"), "instance", scope["instances"], policy.instances)
    faults += _unknown(document, ("scope", "sites"), "site", scope.get("sites", ()), policy.vocabulary.sites)
    faults += _nowhere(document, policy)
    window, more = _window(document)
    found = Change(
        id=data["id"],
        where=document.where(),
        title=data["title"],
        kind=data["kind"],
        environment=data["environment"],
        instances=tuple(scope["instances"]),
        requester=data["requester"],
        rollback=data["rollback"],
        reason=data["reason"],
        risk=data["risk"],
        sites=tuple(scope.get("sites", ())),
        planes=tuple(scope.get("planes", ())),
        window=window,
        state=data.get("state", OPEN),
    )
    return found, [*faults, *more]


def waiver(document: Document, policy: Policy, people: People) -> tuple[Waiver | None, list[Finding]]:
    """Return the waiver of a document that fits its schema, and what is wrong with it."""
    data = document.data
    expires, faults = _moment(document, ("expires",), data["expires"])
    faults += [*_named_for(document), *_person(document, "owner", people)]
    faults += _unknown(document, ("instances",), "instance", data.get("instances", ()), policy.instances)
    faults += _mixed(document)
    if expires is None:
        return None, faults
    keys = ("waives", "environments", "kinds", "instances", "hosts", "objects")
    sets = {key: frozenset(data.get(key, ())) for key in keys}
    return Waiver(data["id"], document.where(), data["owner"], data["reason"], expires, **sets), faults


def target(found: Change, policy: Policy, touches: Mapping[str, Sequence[str]] | None = None) -> Target:
    """Return what a change touches: each of its instances at each of its sites, on each of its planes.

    ``touches`` has the ``instances`` and ``planes`` that a playbook touches in truth, be it less than the change names
    or more; what it leaves empty is as the change says.
    """
    known = touches or {}
    parts = [
        Part(instance, standing.ring, site, plane)
        for instance in known.get("instances") or found.instances or ("",)
        for standing in [policy.instances.get(instance, Standing(""))]
        for site in _sites(standing, found.sites)
        for plane in known.get("planes") or found.planes or ("",)
    ]
    return Target(found.environment, found.kind, tuple(parts))


def _sites(standing: Standing, said: Sequence[str] = ()) -> tuple[str, ...]:
    """Return at which of the sites that are said an instance is touched; where it has none of them, at all its own."""
    if standing.sites is None:
        return tuple(said) or ("",)
    return tuple(site for site in said if site in standing.sites) or standing.sites or (NONE,)


def _nowhere(document: Document, policy: Policy) -> Iterator[Finding]:
    """Refuse sites and instances that do not belong together: no freeze of where the instance is would be asked."""
    scope = document.data["scope"]
    sites = [site for site in scope.get("sites", ()) if site in policy.vocabulary.sites]
    known = {name: policy.instances[name].sites for name in scope["instances"] if name in policy.instances}
    where = {name: own for name, own in known.items() if own is not None}
    for index, site in enumerate(scope.get("sites", ())):
        if site in sites and known and len(where) == len(known) and not any(site in own for own in where.values()):
            problem = f"none of {listed(known)} is at {site!r}"
            yield document.finding(("scope", "sites", index), problem, "Name where they are, or leave sites out")
    for index, name in enumerate(scope["instances"]):
        if sites and name in where and not set(sites) & set(where[name]):
            problem = f"{name!r} is at {listed(where[name]) or 'no site'}, and the change is not"
            yield document.finding(("scope", "instances", index), problem, "Name its sites, too, or leave sites out")


def _named_for(document: Document) -> Iterator[Finding]:
    name = document.file.rpartition("/")[2].rpartition(".")[0]
    if document.data["id"] != name:
        problem = f"{document.data['id']!r} stands in a file of another name"
        yield document.finding(("id",), problem, f"Call the file {document.data['id']}.yml")


def _person(document: Document, key: str, people: People) -> Iterator[Finding]:
    person = document.data[key]
    if person not in people:
        yield document.finding((key,), f"there is no person {person!r}", unknown_remedy(person, people.roles))


def _mixed(document: Document) -> Iterator[Finding]:
    """Refuse what would excuse more than its writer sees: half of its limits would limit nothing."""
    drift = [waived.startswith(DRIFT) for waived in document.data["waives"]]
    if any(drift) and not all(drift):
        problem = "it excuses requirements of changes and differences of drift"
        yield document.finding(("waives",), problem, "Write two waivers, each with its own limits")
        return
    for key in ("kinds",) if any(drift) else ("hosts", "objects"):
        if key in document.data:
            limited = (
                "changes, and a difference of drift is none" if any(drift) else "differences of drift, not changes"
            )
            yield document.finding((key,), f"{key} limit {limited}", f"Leave {key} out")


def _unknown(
    document: Document, path: Path, what: str, names: Iterable[str], known: Iterable[str]
) -> Iterator[Finding]:
    for index, name in enumerate(names):
        if name not in known:
            yield document.finding((*path, index), f"there is no {what} {name!r}", unknown_remedy(name, known))


def _window(document: Document) -> tuple[tuple[datetime, datetime] | None, list[Finding]]:
    if "window" not in document.data:
        return None, []
    start, faults = _moment(document, ("window", "from"), document.data["window"]["from"])
    end, more = _moment(document, ("window", "to"), document.data["window"]["to"])
    faults += more
    if start is None or end is None:
        return None, faults
    if end <= start:
        faults.append(document.finding(("window", "to"), "it ends before it begins", "Let it end after it begins"))
    return (start, end), faults


def _moment(document: Document, path: Path, text: str) -> tuple[datetime | None, list[Finding]]:
    try:
        return datetime.fromisoformat(text), []
    except ValueError as error:
        return None, [document.finding(path, f"{text!r} is no time: {error}", "Write 2026-11-23T22:00+01:00")]
