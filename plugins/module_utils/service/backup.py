# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The backups of a cluster, from what they are to what they should be, on one of its members."""

from __future__ import annotations

from typing import Any

from ansible_collections.erpops.estate.plugins.module_utils.clients import timers
from ansible_collections.erpops.estate.plugins.module_utils.clients.errors import ClientError, Refused
from ansible_collections.erpops.estate.plugins.module_utils.health.verdict import Verdict
from ansible_collections.erpops.estate.plugins.module_utils.members.pgbackrest import PgbackrestMember
from ansible_collections.erpops.estate.plugins.module_utils.policy.backup import Step, passphrase_changes, steps
from ansible_collections.erpops.estate.plugins.module_utils.service import files as disk
from ansible_collections.erpops.estate.plugins.module_utils.service.host_part import HostPart, Outcome


def keep_passphrase(part: HostPart, member: PgbackrestMember) -> None:
    """Refuse another passphrase while the one that is there opens the repository; one that does not is mended."""
    for file in part.files:
        found = disk.look(file.path)
        if passphrase_changes(found.content.decode(errors="replace"), file.content.decode()) and _opens(member):
            raise Refused(
                "backup_cipher_passphrase",
                expected=f"the one in {file.path}, which the repository was written with",
                found="another, which would leave its backups unreadable and its WAL waiting",
                remedy="set the old one again, or name a new backup_bucket; nothing of it was changed",
            )


def _opens(member: PgbackrestMember) -> bool:
    try:
        repository = member.repository()
    except ClientError:
        return False
    return repository.readable and repository.exists


def converge_repository(member: PgbackrestMember, service: str, *, reconfigured: bool, check: bool) -> list[str]:
    """Do what the repository needs and return it in sentences; only where the leader runs."""
    repository = member.repository()
    if not repository.readable:
        raise Refused(
            f"repository of stanza {repository.stanza}",
            expected="an answer of the object store",
            found=repository.message,
            remedy="see the object store and /etc/erpops/pgbackrest/pgbackrest.conf on this host",
        )
    needed = steps(exists=repository.exists, has_full=repository.has_full, reconfigured=reconfigured)
    if not check:
        for step in needed:
            _take(step, member, service)
    return [step.value for step in needed]


def _take(step: Step, member: PgbackrestMember, service: str) -> None:
    if step is Step.STANZA:
        member.client.stanza_create()
    elif step is Step.CHECK:
        member.client.check()
    else:
        # By the unit that makes every later one: what works here works at night.
        timers.start_service(service)


def result(outcome: Outcome, *, leads: bool, health: Verdict | None) -> dict[str, Any]:
    """Return the module's result."""
    return {
        "changed": bool(outcome.actions),
        "actions": outcome.actions,
        "diff": outcome.diff,
        "units": outcome.units,
        "leads": leads,
        "health": health.as_dict() if health else {},
    }
