# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Everything that can be known from an inventory alone, without touching a host."""

from __future__ import annotations

from ansible_collections.erpops.estate.plugins.module_utils.policy.inventory_hosts import (
    address_findings,
    agreement_findings,
    group_findings,
)
from ansible_collections.erpops.estate.plugins.module_utils.policy.inventory_instances import instance_findings
from ansible_collections.erpops.estate.plugins.module_utils.policy.inventory_model import Finding, Inventory
from ansible_collections.erpops.estate.plugins.module_utils.policy.inventory_names import (
    key_findings,
    name_findings,
    template_findings,
    value_findings,
)
from ansible_collections.erpops.estate.plugins.module_utils.policy.inventory_secrets import (
    image_findings,
    secret_findings,
)


def findings(inventory: Inventory) -> list[Finding]:
    """Return all that is wrong, in the order in which a person would mend it."""
    return [
        *group_findings(inventory),
        *name_findings(inventory),
        *key_findings(inventory),
        *template_findings(inventory),
        *value_findings(inventory),
        *agreement_findings(inventory),
        *address_findings(inventory),
        *image_findings(inventory),
        *instance_findings(inventory),
        *secret_findings(inventory),
    ]
