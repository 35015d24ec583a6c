# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The plan of site.yml: which of its plays run, on which hosts, with what they make of the estate."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ansible_collections.erpops.estate.plugins.module_utils.policy.change.versions import (
    NOTHING,
    declared_images,
    images_of,
    running,
)
from ansible_collections.erpops.estate.plugins.module_utils.policy.planes import PLANES

# Where the members of a group are reached by those they are for.
GROUP_PLANES: Mapping[str, str] = {
    "etcd": "data",
    "patroni": "data",
    "redis": "data",
    "object_storage": "data",
    "odoo": "application",
    "edge": "edge",
    "image_registry": "management",
}
# Tags by which Ansible means everything.
EVERYTHING = frozenset({"all", "tagged", "untagged", "always"})
# Of each role, beside its own: it asks every service whether it is well.
VERIFY = "verify"


@dataclass(frozen=True)
class Play:
    """A play of site.yml: its step, its roles, the groups it is for, and how long it takes that has something to do."""

    step: str
    roles: tuple[str, ...]
    groups: tuple[str, ...]
    seconds: int

    def meant(self, tags: Iterable[str], skipped: Iterable[str]) -> bool:
        """Return whether any of its roles is; without roles it always is."""
        left = [role for role in self.roles if role not in set(skipped)]
        if not self.roles or not left:
            return not self.roles
        return any(
            tag in EVERYTHING or tag == VERIFY or any(tag == role or tag.startswith(f"{role}_") for role in left)
            for tag in tags
        )


# In their order. A test compares them with the playbook.
PLAYS = (
    Play("prepare", (), ("estate",), 60),
    Play("certificates", ("certificates",), ("estate",), 30),
    Play("docker_engine", ("docker_engine",), ("estate",), 120),
    Play("image_registry", ("image_registry",), ("image_registry",), 60),
    Play("object_storage", ("object_storage",), ("object_storage",), 60),
    Play("etcd", ("etcd",), ("etcd",), 180),
    Play("postgresql", ("patroni", "backup"), ("patroni",), 300),
    Play("redis", ("redis_sentinel",), ("redis",), 180),
    Play("odoo", ("odoo",), ("odoo",), 600),
    Play("edge", ("traefik", "virtual_ip"), ("edge",), 180),
    Play("leases", ("leases",), ("estate",), 30),
)
# Steps of which the daemon writes its data anew for good, each with its image: the one before may not read them. That
# of PostgreSQL does, within its major version, and no other starts; what Odoo's code writes its code before can read.
REWRITES: Mapping[str, str] = {"object_storage": "object_storage", "etcd": "etcd", "redis": "redis"}
INSTALLS = "odoo"
# PostgreSQL's leader and Redis' master go last and hand over; users wait for so long.
OUTAGE_SECONDS = 15


def site(given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the plan of a run on ``hosts`` with ``tags`` and ``skip_tags``; ``groups`` are those of the inventory.

    What it makes of the estate are its ``images``, or roles' ``own_images`` by host, as far as its steps run any of
    them; ``seen`` has by host what runs there now, and ``declared`` are the instances with their modules. What else the
    inventory says, the gate adds as a digest.
    """
    tags, skipped, hosts = list(given["tags"]) or ["all"], list(given["skip_tags"]), list(given["hosts"])
    meant = [play for play in PLAYS if play.meant(tags, skipped)]
    steps, planes, images = [], set[str](), set[str]()
    for play in meant:
        named = {host for group in play.groups for host in given["groups"].get(group, ())}
        where = [host for host in hosts if host in named]
        if not where:
            continue
        planes |= _planes(play, where, given["groups"])
        images |= images_of(play.groups)
        steps.append(
            {"name": play.step, "hosts": where, "instances": list(given["instances"]), "seconds": play.seconds}
        )
    found = running(hosts, given["groups"], given["instances"], given["seen"])
    wanted = declared_images(images, hosts, given["groups"], given["images"], given["own_images"])
    return {
        "playbook": " ".join(["site", *_said("--tags", tags), *_said("--skip-tags", skipped)]),
        "steps": steps,
        "before": {f"image {name}": found.get(name, NOTHING) for name in wanted},
        "after": {f"image {name}": image for name, image in wanted.items()}
        | (_installed(given["declared"]) if any(step["name"] == INSTALLS for step in steps) else {}),
        "outage_seconds": OUTAGE_SECONDS if steps else 0,
        "touches": {
            "instances": list(given["instances"]),
            "planes": [plane for plane in PLANES if plane in planes],
        },
    }


def no_return(plan: Mapping[str, Any]) -> tuple[str, str]:
    """Return the first step behind which the way back is not the reverse of what was done, and why; empty for none.

    It follows from what becomes another: a run that finds everything as it leaves it can be taken back as it came.
    """
    before, after = plan.get("before", {}), plan.get("after", {})
    for step in (str(step["name"]) for step in plan["steps"]):
        image = f"image {REWRITES.get(step)}"
        if image in after and before.get(image) not in (None, NOTHING, after[image]):
            return step, "it may write its data so that the image before does not read them"
        if step == INSTALLS:
            new = [name for name in after if name.startswith(INSTALLED) and _more(before.get(name), after[name])]
            if new:
                return step, "what Odoo installs in a database is not taken out of it again"
    return "", ""


def steps_before(plan: Mapping[str, Any], step: str) -> list[str]:
    """Return the steps of a plan of site.yml that come before the play of this one, which need not be in it."""
    order = [play.step for play in PLAYS]
    return [each["name"] for each in plan["steps"] if order.index(each["name"]) < order.index(step)]


# How a plan names what is installed in the database of an instance.
INSTALLED = "installed in "


def _installed(declared: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    return {f"{INSTALLED}{one['name']}": ", ".join(sorted(set(one["modules"]))) or NOTHING for one in declared}


def _more(before: str | None, after: str) -> bool:
    """Return whether anything is installed that was not; what nobody knows may be."""
    names, known = (set(text.split(", ")) - {NOTHING} for text in (after, before or ""))
    return bool(names - known)


def _planes(play: Play, hosts: Sequence[str], groups: Mapping[str, Sequence[str]]) -> set[str]:
    """Return the planes of a play; what the collection's own modules need concerns no user on any of them."""
    if not play.roles:
        return set()
    own = {GROUP_PLANES[group] for group in play.groups if group in GROUP_PLANES}
    return own or {plane for group, plane in GROUP_PLANES.items() if set(hosts) & set(groups.get(group, ()))}


def _said(option: str, tags: Sequence[str]) -> list[str]:
    return [option, ",".join(sorted(tags))] if tags and list(tags) != ["all"] else []
