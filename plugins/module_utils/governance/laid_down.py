# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a company has laid down, read from its repository at one signed commit, whole or not at all."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from ansible_collections.erpops.estate.plugins.module_utils.clients.calendar_cache import asked, read_all
from ansible_collections.erpops.estate.plugins.module_utils.clients.errors import Refused
from ansible_collections.erpops.estate.plugins.module_utils.clients.git_policy import PolicyRepository
from ansible_collections.erpops.estate.plugins.module_utils.clients.marked_yaml import load as load_yaml
from ansible_collections.erpops.estate.plugins.module_utils.clients.ssh_signature import SshSignatures
from ansible_collections.erpops.estate.plugins.module_utils.policy.change import calendar_events, schemas
from ansible_collections.erpops.estate.plugins.module_utils.policy.change.calendar import Calendars, Event
from ansible_collections.erpops.estate.plugins.module_utils.policy.change.document import Document
from ansible_collections.erpops.estate.plugins.module_utils.policy.change.people import (
    people,
    role_findings,
    signer_findings,
)
from ansible_collections.erpops.estate.plugins.module_utils.policy.change.requests import change, waiver
from ansible_collections.erpops.estate.plugins.module_utils.policy.change.rules import policy, roles_named
from ansible_collections.erpops.estate.plugins.module_utils.policy.change.situation import Governance
from ansible_collections.erpops.estate.plugins.module_utils.policy.change.words import Vocabulary
from ansible_collections.erpops.estate.plugins.module_utils.policy.inventory_model import Finding

POLICY, PEOPLE = "policy.yml", "approvers/people.yml"
SIGNERS, REVOKED = "approvers/allowed_signers", "approvers/revoked_keys"
# By directory: how the files in it end. One that ends otherwise would be passed over, and a freeze with it.
SUFFIXES = {"calendars": ".ics", "changes": ".yml", "waivers": ".yml"}
Read = TypeVar("Read")


class Faulty(Refused):
    """What a company has laid down cannot be believed as it stands; ``findings`` says everything that is wrong."""

    def __init__(self, what: str, findings: Sequence[Finding]) -> None:
        self.findings = tuple(findings)
        found = f"{len(self.findings)} fault{'s' if len(self.findings) > 1 else ''}:\n" + "\n".join(
            f"- {finding}" for finding in self.findings
        )
        super().__init__(what, expected="policy, calendars, changes and approvers that can be read", found=found)


@dataclass(frozen=True)
class Laid:
    """What was read, who vouches for it, and by whose keys approvals are verified."""

    governance: Governance
    signer: str
    signatures: SshSignatures


def laid_down(
    directory: str, owners: str, *, now: datetime, change_id: str = "", newest: str = "", cache: str | None = None
) -> Laid:
    """Read a repository, for one change where one is named; raise where anything in it is wrong, and touch nothing.

    ``owners`` is the allowed_signers file of those who may sign its commits, ``cache`` where parsed calendars are kept.
    ``newest`` is the commit by which this estate was governed last: with an older one a freeze could be gone round.
    """
    repository = PolicyRepository(directory, owners)
    found = repository.snapshot()
    if newest and not repository.follows(found.commit, newest):
        raise Refused(
            f"{directory} at commit {found.commit[:12]}",
            expected=f"commit {newest[:12]}, by which this estate was governed last, or one that came after it",
            found="another",
            remedy="fetch and check out what is newest",
        )
    grounds = {}
    if change_id:
        grounds[change_id] = repository.ground(found.commit, [POLICY, f"changes/{change_id}.yml"])
    governance, faults = read(found.files, now, commit=found.commit, grounds=grounds, cache=cache)
    if governance is None:
        raise Faulty(f"{directory} at commit {found.commit[:12]}", faults)
    return Laid(governance, found.signer, SshSignatures(found.files[SIGNERS], found.files.get(REVOKED, b"")))


def read(
    files: Mapping[str, bytes],
    now: datetime,
    *,
    commit: str = "",
    grounds: Mapping[str, str] | None = None,
    cache: str | None = None,
) -> tuple[Governance | None, list[Finding]]:
    """Return what the files say, or everything that is wrong in them."""
    faults = [
        Finding(name, "the file", "it is missing", "Write it; inventories/governance has an example")
        for name in (POLICY, PEOPLE, SIGNERS)
        if name not in files
    ]
    faults += _misnamed(files)
    policy_document, more = load_yaml(POLICY, files.get(POLICY, b""), schemas.POLICY)
    people_document, others = load_yaml(PEOPLE, files.get(PEOPLE, b""), schemas.PEOPLE)
    if faults or policy_document is None or people_document is None:
        return None, faults or [*more, *others]
    rules, faults = policy(policy_document)
    persons, more = people(people_document)
    faults += more
    faults += role_findings(policy_document, roles_named(policy_document), people_document.data["roles"], persons)
    faults += signer_findings(SIGNERS, files[SIGNERS].decode(errors="replace"), persons)
    changes = _each(files, "changes", schemas.CHANGE, lambda document: change(document, rules, persons), faults)
    waivers = _each(files, "waivers", schemas.WAIVER, lambda document: waiver(document, rules, persons), faults)
    calendars = _calendars(files, rules.vocabulary, now, cache, faults)
    if faults:
        return None, faults
    governance = Governance(
        commit=commit,
        policy=rules,
        people=persons,
        calendars=calendars,
        changes={one.id: one for one in changes},
        waivers=tuple(one for one in waivers if one),
        grounds=grounds or {},
    )
    return governance, []


def _misnamed(files: Mapping[str, bytes]) -> list[Finding]:
    faults = []
    for name in sorted(files):
        directory, _slash, rest = name.partition("/")
        suffix = SUFFIXES.get(directory)
        if suffix and not name.endswith(".md") and ("/" in rest or not name.endswith(suffix)):
            remedy = f"Call it {directory}/NAME{suffix}, or put it elsewhere"
            faults.append(Finding(name, "the file", "it would be passed over", remedy))
    return faults


def _in(files: Mapping[str, bytes], directory: str) -> dict[str, bytes]:
    return {
        name: files[name] for name in sorted(files) if name.startswith(f"{directory}/") and not name.endswith(".md")
    }


def _each(
    files: Mapping[str, bytes],
    directory: str,
    schema: schemas.Schema,
    model: Callable[[Document], tuple[Read, list[Finding]]],
    faults: list[Finding],
) -> list[Read]:
    found = []
    for name, content in _in(files, directory).items():
        document, problems = load_yaml(name, content, schema)
        faults += problems
        if document is not None:
            one, problems = model(document)
            faults += problems
            found.append(one)
    return found


def _calendars(
    files: Mapping[str, bytes], vocabulary: Vocabulary, now: datetime, cache: str | None, faults: list[Finding]
) -> Calendars:
    known = asked(now)
    entries, problems = read_all(_in(files, "calendars"), known, cache)
    faults += problems
    found: list[Event] = []
    for name, ones in entries.items():
        events, problems = calendar_events.events(name, ones, vocabulary)
        faults += problems
        found += events
    return Calendars(tuple(found), known)
