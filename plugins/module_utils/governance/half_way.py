# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the ledger of this machine has of changes that stand half way: others that may not, and the run's own."""

from __future__ import annotations

from collections.abc import Collection

from ansible_collections.erpops.estate.plugins.module_utils.clients.errors import ClientError
from ansible_collections.erpops.estate.plugins.module_utils.evidence.unfinished import HalfWay, half_way
from ansible_collections.erpops.estate.plugins.module_utils.ledger import info, settings
from ansible_collections.erpops.estate.plugins.module_utils.ledger.stored import Stored
from ansible_collections.erpops.estate.plugins.module_utils.policy.change.overlaps import apart
from ansible_collections.erpops.estate.plugins.module_utils.policy.change.plan import Plan
from ansible_collections.erpops.estate.plugins.module_utils.policy.change.situation import Governance, UnderWay


def others(configuration: str, governance: Governance, plan: Plan) -> tuple[UnderWay, ...]:
    """Return the changes that may not be under way beside this plan, and that are."""
    found = [(one.allowed, one.how) for one in _standing(configuration, apart(governance, plan))]
    return tuple(
        UnderWay(str(entry["change"]), str(entry.get("launcher") or ""), str(entry.get("at")), how)
        for entry, how in found
    )


def own(configuration: str, change: str, playbook: str) -> frozenset[str]:
    """Return the digests of the plans by which a playbook has begun this change, and not finished it."""
    found = [one.allowed for one in _standing(configuration, {change})]
    return frozenset(str(entry.get("plan")) for entry in found if entry.get("playbook") == f"{playbook}.yml")


def _standing(configuration: str, changes: Collection[str]) -> list[HalfWay]:
    """A ledger that cannot be read has none: whether it is whole the gate asks for itself, and refuses otherwise."""
    if not (changes and configuration):
        return []
    try:
        return half_way(info.entries_of(Stored(settings.load(configuration).directory), changes))
    except (ClientError, ValueError):
        return []
