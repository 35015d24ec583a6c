# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The versions before a run: what really runs on its hosts, told so that equal findings make equal plans."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ansible_collections.erpops.estate.plugins.module_utils.policy.declared_services import IMAGES, OWN_IMAGES, declared

# By name of an image and by host, what the role's own variable says; empty for nothing.
Own = Mapping[str, Mapping[str, Any]]
NOTHING = "none"
BESIDE = " and "


def told(versions: Iterable[str]) -> str:
    """Return several versions as one text, however they were found."""
    return BESIDE.join(sorted(set(versions))) or NOTHING


def versions(text: str) -> frozenset[str]:
    """Return the versions that a text tells."""
    return frozenset(text.split(BESIDE)) - {NOTHING}


def images_of(groups: Iterable[str]) -> frozenset[str]:
    """Return the names, of those in estate_images, of what hosts of these groups run."""
    kinds = declared(set(groups), ["any"], "").values()
    return frozenset(IMAGES[kind] for kind in kinds if kind in IMAGES)


def running(
    hosts: Sequence[str],
    groups: Mapping[str, Sequence[str]],
    instances: Sequence[str],
    seen: Mapping[str, Mapping[str, str] | None],
) -> dict[str, str]:
    """Return which images these hosts run, by their names in estate_images; ``seen`` has images by container.

    A host that could not say it has None there, and the text says so: what nobody knows is not what was approved.
    """
    found: dict[str, set[str]] = {}
    for host in hosts:
        mine = [group for group, members in groups.items() if host in members]
        for service, kind in declared(mine, instances, "").items():
            if kind not in IMAGES:
                continue
            known, there = found.setdefault(IMAGES[kind], set()), seen.get(host)
            if there is None:
                known.add(f"not known on {host}")
            elif service in there:
                known.add(there[service])
    return {name: told(known) for name, known in found.items()}


def declared_images(
    names: Iterable[str], hosts: Sequence[str], groups: Mapping[str, Sequence[str]], images: Mapping[str, Any], own: Own
) -> dict[str, str]:
    """Return which of these images the hosts shall run: those in estate_images, where a role has no ``own`` there."""
    found = {name: {str(images[name])} if images.get(name) else set() for name in names}
    for name in set(OWN_IMAGES) & found.keys():
        there = [host for host in hosts if host in groups.get(name, ())]
        found[name] = {str(own.get(name, {}).get(host) or images.get(name) or "") for host in there} - {""}
    return {name: told(found[name]) for name in sorted(found) if found[name]}


def as_begun(plan: Mapping[str, Any], begun: Mapping[str, Any]) -> dict[str, str]:
    """Return the versions before of a plan that goes on: as they were when it was begun.

    That holds for what stands as it stood then, or as the plan itself leaves it; anything else was somebody else.
    """
    return {
        name: begun["before"][name] if name in begun["before"] and _own(plan, begun, name) else text
        for name, text in plan["before"].items()
    }


def _own(plan: Mapping[str, Any], begun: Mapping[str, Any], name: str) -> bool:
    after = begun["after"].get(name)
    known = versions(begun["before"][name]) | (versions(after) if after else set())
    return bool(plan["after"].get(name) == after and versions(plan["before"][name]) <= known)
