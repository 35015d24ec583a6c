# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the ledger of this machine has of changes that were begun and not finished."""

from __future__ import annotations

from ansible_collections.erpops.estate.plugins.module_utils.clients.errors import ClientError
from ansible_collections.erpops.estate.plugins.module_utils.evidence.unfinished import half_way
from ansible_collections.erpops.estate.plugins.module_utils.ledger import info, settings
from ansible_collections.erpops.estate.plugins.module_utils.ledger.stored import Stored
from ansible_collections.erpops.estate.plugins.module_utils.policy.change.overlaps import apart
from ansible_collections.erpops.estate.plugins.module_utils.policy.change.plan import Plan
from ansible_collections.erpops.estate.plugins.module_utils.policy.change.situation import Governance, UnderWay


def under_way(configuration: str, governance: Governance, plan: Plan) -> tuple[UnderWay, ...]:
    """Return the changes that may not be under way beside this plan, and that are.

    A ledger that cannot be read has none: whether it is whole the gate asks for itself, and refuses where it is not.
    """
    others = apart(governance, plan)
    if not (others and configuration):
        return ()
    try:
        entries = info.entries_of(Stored(settings.load(configuration).directory), others)
    except (ClientError, ValueError):
        return ()
    found = [(one.allowed, one.how) for one in half_way(entries)]
    return tuple(
        UnderWay(str(entry["change"]), str(entry.get("launcher") or ""), str(entry.get("at")), how)
        for entry, how in found
    )
