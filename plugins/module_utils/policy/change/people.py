# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who people are: their roles, their names in AWX, and the keys they sign with (OpenSSH's allowed_signers)."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from ansible_collections.erpops.estate.plugins.module_utils.policy.change.document import Document, Path
from ansible_collections.erpops.estate.plugins.module_utils.policy.inventory_model import Finding, listed, shared_by
from ansible_collections.erpops.estate.plugins.module_utils.policy.names import nearest

KEY_TYPES = ("ssh-", "ecdsa-", "sk-")
PATTERN = frozenset("*?!")


@dataclass(frozen=True)
class People:
    """Everybody who may ask, approve or launch."""

    roles: Mapping[str, frozenset[str]] = field(default_factory=dict)
    awx: Mapping[str, str] = field(default_factory=dict)

    def __contains__(self, person: object) -> bool:
        return person in self.roles

    def has_role(self, person: str, roles: Iterable[str]) -> bool:
        """Return whether a person has one of these roles."""
        return bool(self.roles.get(person, frozenset()) & set(roles))

    def of_awx(self, user: str) -> str:
        """Return who a user of AWX is, or nothing."""
        return next((person for person, name in self.awx.items() if name == user), "")


def people(document: Document) -> tuple[People, list[Finding]]:
    """Return the people of a document that fits its schema, and what is wrong with them."""
    data = document.data
    faults = [
        document.finding(("people", person, "roles"), f"there is no role {role!r}", unknown_remedy(role, data["roles"]))
        for person, item in data["people"].items()
        for role in item["roles"]
        if role not in data["roles"]
    ]
    users = {person: item["awx"] for person, item in data["people"].items() if "awx" in item}
    faults += [
        document.finding(("people", persons[1], "awx"), f"{user!r} is {listed(persons)}", "Let each have their own")
        for user, persons in shared_by(users.items())
    ]
    return People({person: frozenset(item["roles"]) for person, item in data["people"].items()}, users), faults


def unknown_remedy(name: str, known: Iterable[str]) -> str:
    """Return what to do about a name that is not known."""
    names = sorted(known)
    return nearest(name, names) or f"Known are {listed(names) or 'none'}"


def role_findings(
    document: Document, named: Iterable[tuple[Path, str, int]], roles: Iterable[str], found: People
) -> Iterator[Finding]:
    """Find roles that the policy names and nobody has declared, or that too few people have."""
    known = set(roles)
    for path, role, needed in named:
        having = sum(role in theirs for theirs in found.roles.values())
        if role not in known:
            yield document.finding(path, f"there is no role {role!r}", unknown_remedy(role, known))
        elif having < needed:
            problem = f"{needed} with the role {role} are needed, and {having} have it"
            yield document.finding(path, problem, "Give it to more people in approvers/people.yml, or ask for fewer")


def signer_findings(file: str, text: str, found: People) -> Iterator[Finding]:
    """Find what in an allowed_signers file would let a person be another, or be two."""
    owners: dict[str, tuple[str, int]] = {}
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        where = f"{file}:{number}"
        try:
            principals, *rest = shlex.split(line)
            start = next(index for index, word in enumerate(rest[:2]) if word.startswith(KEY_TYPES))
            key = rest[start + 1]
        except (ValueError, StopIteration, IndexError):
            yield Finding(where, "the line", "it is none of allowed_signers", "Write: person [options] type key")
            continue
        options = rest[0] if start else ""
        if "cert-authority" in options:
            yield Finding(where, principals, "a CA could make keys for anybody", "Name each person's own key")
        if "," in principals or PATTERN & set(principals):
            yield Finding(where, principals, "it means more than one person", "Give each person a line of their own")
        elif principals not in found:
            yield Finding(where, principals, "there is no such person", unknown_remedy(principals, found.roles))
        other, line_number = owners.setdefault(key, (principals, number))
        if other != principals:
            problem = f"it is also the key of {other}, in line {line_number}"
            yield Finding(where, principals, problem, "Let each person have a key of their own")
