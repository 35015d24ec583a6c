# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The policy: what each kind of change needs, by environment and by the tier of the instances concerned.

For an environment, a kind and a tier one rule may stand. None means no: what nobody has thought of does not run. A
change that concerns several tiers needs what each of their rules asks.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import product
from typing import Any

from ansible_collections.erpops.estate.plugins.module_utils.policy.change.document import Document
from ansible_collections.erpops.estate.plugins.module_utils.policy.change.words import (
    KINDS,
    Target,
    Vocabulary,
)
from ansible_collections.erpops.estate.plugins.module_utils.policy.inventory_model import Finding, listed
from ansible_collections.erpops.estate.plugins.module_utils.policy.names import nearest

CLOCKS_APART_SECONDS = 2


@dataclass(frozen=True)
class Tier:
    """How much may be lost (RPO) and how long it may take to be back (RTO)."""

    rpo_minutes: int
    rto_minutes: int


@dataclass(frozen=True)
class Standing:
    """What the policy knows of an instance. Without sites they are not known; it may also be said that it has none."""

    tier: str
    ring: str = ""
    sites: tuple[str, ...] | None = None


@dataclass(frozen=True)
class Needed:
    """Evidence of a kind, no older than that; ``held_hours`` is for how long it has to have been true."""

    kind: str
    max_age_hours: int
    held_hours: int = 0


@dataclass(frozen=True)
class Rule:
    """What a change needs. ``approvals`` has, by role, how many of its people have to agree."""

    window: bool
    where: tuple[str, ...] = ()
    margin_minutes: int = 0
    approvals: Mapping[str, int] = field(default_factory=dict)
    launchers: frozenset[str] | None = None
    evidence: tuple[Needed, ...] = ()
    not_beside: frozenset[str] = frozenset()

    def and_also(self, other: Rule) -> Rule:
        """Return what fulfils both."""
        mine, theirs = self.approvals, other.approvals
        roles = [roles for roles in (self.launchers, other.launchers) if roles is not None]
        return Rule(
            window=self.window or other.window,
            where=tuple(dict.fromkeys((*self.where, *other.where))),
            margin_minutes=max(self.margin_minutes, other.margin_minutes),
            approvals={role: max(mine.get(role, 0), theirs.get(role, 0)) for role in (*mine, *theirs)},
            launchers=frozenset.intersection(*roles) if roles else None,
            evidence=tuple(dict.fromkeys((*self.evidence, *other.evidence))),
            not_beside=self.not_beside | other.not_beside,
        )


@dataclass(frozen=True)
class BreakGlass:
    """Who may run without window or approvals in an emergency, and who has to look at it afterwards."""

    where: str
    roles: frozenset[str]
    skips: frozenset[str]
    review_roles: frozenset[str]
    review_within_hours: int


@dataclass(frozen=True)
class Policy:
    """The whole policy. ``rules`` has one rule for each environment, kind and tier that has any."""

    tiers: Mapping[str, Tier]
    instances: Mapping[str, Standing]
    rules: Mapping[tuple[str, str, str], Rule]
    break_glass: Mapping[str, BreakGlass]
    vocabulary: Vocabulary
    clocks_apart_seconds: int = CLOCKS_APART_SECONDS

    def tier_of(self, instance: str) -> Tier | None:
        """Return the tier of an instance; None for one the policy does not know."""
        standing = self.instances.get(instance)
        return self.tiers.get(standing.tier) if standing else None

    def rpo_minutes(self, instance: str) -> int:
        """Return how much of an instance may be lost; of one that the policy does not know, as of the strictest."""
        tier = self.tier_of(instance)
        return tier.rpo_minutes if tier else min(each.rpo_minutes for each in self.tiers.values())

    def needs(self, target: Target) -> tuple[Rule, list[str]]:
        """Return what a change needs, and what is objected to it where no rule stands.

        A change that names no instance, or one the policy does not know, may concern any tier.
        """
        standings = [self.instances.get(name) for name in target.instances]
        known = [standing.tier for standing in standings if standing is not None]
        tiers = sorted(set(known) if known and len(known) == len(standings) else set(self.tiers))
        needed, objections = Rule(window=False), []
        for tier in tiers:
            rule = self.rules.get((target.environment, target.kind, tier))
            if rule is None:
                objections.append(
                    f"policy: expected a rule for {target.kind} in {target.environment} with tier {tier}, found none"
                )
            else:
                needed = needed.and_also(rule)
        return needed, objections


def policy(document: Document) -> tuple[Policy, list[Finding]]:
    """Return the policy of a document that fits its schema, and what in it does not agree with itself."""
    data = document.data
    rules, faults = _rules(document)
    tiers = {name: Tier(**tier) for name, tier in data["tiers"].items()}
    instances = {
        name: Standing(item["tier"], item.get("ring", ""), tuple(item["sites"]) if "sites" in item else None)
        for name, item in data["instances"].items()
    }
    glass, more = _break_glass(document)
    vocabulary = Vocabulary(
        instances=frozenset(instances),
        rings=frozenset(data.get("rings", ())),
        sites=frozenset(data.get("sites", ())),
        labels=frozenset(data.get("labels", ())),
    )
    clocks = data.get("clocks_apart_seconds", CLOCKS_APART_SECONDS)
    return Policy(tiers, instances, rules, glass, vocabulary, clocks), [*_names(document, vocabulary), *faults, *more]


def roles_named(document: Document) -> Iterator[tuple[tuple[str | int, ...], str, int]]:
    """Yield each role that the policy speaks of, with its place and how many people it needs."""
    for index, item in enumerate(document.data["rules"]):
        for number, approval in enumerate(item.get("approvals", ())):
            yield ("rules", index, "approvals", number, "role"), approval["role"], approval["at_least"]
        for number, role in enumerate(item.get("launchers", ())):
            yield ("rules", index, "launchers", number), role, 1
    for index, item in enumerate(document.data.get("break_glass", ())):
        for key in ("roles", "review_roles"):
            for number, role in enumerate(item[key]):
                yield ("break_glass", index, key, number), role, 1


def _names(document: Document, vocabulary: Vocabulary) -> Iterator[Finding]:
    """Find tiers, rings and sites that are named and not declared."""
    tiers = document.data["tiers"]
    for name, item in document.data["instances"].items():
        here = ("instances", name)
        yield from _unknown(document, (*here, "tier"), "tier", [item["tier"]], tiers)
        yield from _unknown(
            document, (*here, "ring"), "ring", [item["ring"]] if "ring" in item else [], vocabulary.rings
        )
        yield from _unknown(document, (*here, "sites"), "site", item.get("sites", ()), vocabulary.sites)
    for index, item in enumerate(document.data["rules"]):
        yield from _unknown(document, ("rules", index, "for", "tiers"), "tier", item["for"].get("tiers", ()), tiers)


def _unknown(
    document: Document, path: tuple[str | int, ...], what: str, names: Iterable[str], known: Iterable[str]
) -> Iterator[Finding]:
    for name in names:
        if name not in known:
            remedy = nearest(name, known) or f"Declare it among {what}s"
            yield document.finding(path, f"there is no {what} {name!r}", remedy)


def _rules(document: Document) -> tuple[dict[tuple[str, str, str], Rule], list[Finding]]:
    rules: dict[tuple[str, str, str], Rule] = {}
    faults: list[Finding] = []
    for index, item in enumerate(document.data["rules"]):
        rule, here = _rule(item, document.where("rules", index)), item["for"]
        cells = product(here["environments"], here.get("kinds", KINDS), here.get("tiers", document.data["tiers"]))
        doubles = [cell for cell in cells if rules.setdefault(cell, rule) is not rule]
        if doubles:
            environment, kind, tier = doubles[0]
            problem = f"{kind} in {environment} with tier {tier} has a rule already, at {rules[doubles[0]].where[0]}"
            faults.append(document.finding(("rules", index, "for"), problem, "Let exactly one rule stand for it"))
    return rules, faults


def _rule(item: Mapping[str, Any], where: str) -> Rule:
    approvals: dict[str, int] = {}
    for approval in item.get("approvals", ()):
        approvals[approval["role"]] = max(approval["at_least"], approvals.get(approval["role"], 0))
    return Rule(
        window=item["window"],
        where=(where,),
        margin_minutes=item.get("margin_minutes", 0),
        approvals=approvals,
        launchers=frozenset(item["launchers"]) if "launchers" in item else None,
        evidence=tuple(Needed(**needed) for needed in item.get("evidence", ())),
        not_beside=frozenset(item.get("not_beside", ())),
    )


def _break_glass(document: Document) -> tuple[dict[str, BreakGlass], list[Finding]]:
    found: dict[str, BreakGlass] = {}
    faults: list[Finding] = []
    for index, item in enumerate(document.data.get("break_glass", ())):
        glass = BreakGlass(
            where=document.where("break_glass", index),
            roles=frozenset(item["roles"]),
            skips=frozenset(item["skips"]),
            review_roles=frozenset(item["review_roles"]),
            review_within_hours=item["review_within_hours"],
        )
        doubles = [name for name in item["environments"] if found.setdefault(name, glass) is not glass]
        if doubles:
            problem = f"{listed(doubles)} has break-glass already, at {found[doubles[0]].where}"
            faults.append(document.finding(("break_glass", index), problem, "Let each environment have one"))
    return found, faults
