# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Everything that can be known from an inventory alone, without touching a host."""

from __future__ import annotations

from collections.abc import Collection

from ansible_collections.erpops.estate.plugins.module_utils.policy.inventory_addresses import plane_findings
from ansible_collections.erpops.estate.plugins.module_utils.policy.inventory_hosts import (
    address_findings,
    agreement_findings,
    group_findings,
    member_findings,
)
from ansible_collections.erpops.estate.plugins.module_utils.policy.inventory_instances import instance_findings
from ansible_collections.erpops.estate.plugins.module_utils.policy.inventory_model import (
    ESTATE_GROUP,
    SERVICE_GROUPS,
    Finding,
    Inventory,
)
from ansible_collections.erpops.estate.plugins.module_utils.policy.inventory_names import (
    key_findings,
    name_findings,
    template_findings,
    value_findings,
)
from ansible_collections.erpops.estate.plugins.module_utils.policy.inventory_rules import EVERYWHERE
from ansible_collections.erpops.estate.plugins.module_utils.policy.inventory_secrets import (
    image_findings,
    image_name_findings,
    secret_findings,
)
from ansible_collections.erpops.estate.plugins.module_utils.policy.inventory_stores import store_findings
from ansible_collections.erpops.estate.plugins.module_utils.policy.inventory_values import value_rule_findings


def findings(inventory: Inventory, groups: Collection[str] = ()) -> list[Finding]:
    """Return all that is wrong, in the order in which a person would mend it.

    With ``groups`` only what their services need to work alone is asked: a role may run without the rest of an estate.
    """
    if groups:
        return _once(
            *plane_findings(inventory, groups),
            *(finding for group in groups for finding in group_rules(inventory, group)),
        )
    return _once(
        *group_findings(inventory),
        *name_findings(inventory),
        *key_findings(inventory),
        *template_findings(inventory),
        *value_findings(inventory),
        *agreement_findings(inventory),
        *address_findings(inventory),
        *plane_findings(inventory, SERVICE_GROUPS),
        *image_name_findings(inventory),
        *(
            finding
            for group in (ESTATE_GROUP, *EVERYWHERE, *SERVICE_GROUPS)
            for finding in group_rules(inventory, group)
        ),
    )


def _once(*found: Finding) -> list[Finding]:
    """Return the findings without what two groups miss in one place."""
    return list(dict.fromkeys(found))


def group_rules(inventory: Inventory, group: str) -> list[Finding]:
    """Return what is wrong with one group: members, image, values, secrets."""
    return [
        *member_findings(inventory, group),
        *image_findings(inventory, group),
        *(instance_findings(inventory) if group == "odoo" else ()),
        *value_rule_findings(inventory, group),
        *store_findings(inventory, group),
        *secret_findings(inventory, group),
    ]
