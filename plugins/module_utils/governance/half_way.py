# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the ledger of this machine has of changes that stand half way: others that may not, and the run's own."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from functools import cache
from typing import Any

from ansible_collections.erpops.estate.plugins.module_utils.clients.errors import ClientError
from ansible_collections.erpops.estate.plugins.module_utils.clients.ledger_file import LedgerDirectory
from ansible_collections.erpops.estate.plugins.module_utils.evidence.unfinished import HalfWay, Plans, Steps, half_way
from ansible_collections.erpops.estate.plugins.module_utils.ledger import info, settings
from ansible_collections.erpops.estate.plugins.module_utils.ledger.stored import Stored
from ansible_collections.erpops.estate.plugins.module_utils.policy.change.overlaps import apart
from ansible_collections.erpops.estate.plugins.module_utils.policy.change.plan import Plan
from ansible_collections.erpops.estate.plugins.module_utils.policy.change.situation import Governance, UnderWay


def others(configuration: str, governance: Governance, plan: Plan) -> tuple[UnderWay, ...]:
    """Return the changes that may not be under way beside this plan, and that are."""
    return tuple(
        UnderWay(str(one.allowed["change"]), str(one.allowed.get("launcher") or ""), one.since, one.how)
        for one in _standing(configuration, apart(governance, plan))
    )


def since(configuration: str, change: str) -> str:
    """Return since when this change stands half way itself, empty where it does not."""
    return min((one.since for one in _standing(configuration, {change})), default="")


def own(configuration: str, change: str, playbook: str) -> frozenset[str]:
    """Return the digests of the plans by which a playbook has begun this change, and not finished it."""
    found = [one.allowed for one in _standing(configuration, {change})]
    return frozenset(str(entry.get("plan")) for entry in found if entry.get("playbook") == f"{playbook}.yml")


def _standing(configuration: str, changes: Collection[str]) -> list[HalfWay]:
    """A ledger that cannot be read has none: whether it is whole the gate asks for itself, and refuses otherwise."""
    if not (changes and configuration):
        return []
    try:
        ledger = Stored(settings.load(configuration).directory)
        entries = info.entries_of(ledger, changes)
        return half_way(entries, _plans(ledger.directory, entries))
    except (ClientError, ValueError):
        return []


def _plans(directory: LedgerDirectory, entries: Sequence[dict[str, Any]]) -> Plans:
    """Return what tells the steps of a plan by the record of a run that went by it, read where that is asked for."""
    kept = {str(entry["plan"]): entry for entry in info.here(directory, entries) if entry.get("plan")}

    @cache
    def steps(plan: str) -> Steps:
        try:
            found = list(info.records(directory, [kept[plan]]) if plan in kept else ())
        except (ClientError, ValueError):
            # What a record that is not whole says finishes nothing.
            return ()
        return tuple((found[0]["record"].get("plan") or {}).get("steps", ())) if found else ()

    return steps
