# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an inventory declares, as one digest: a plan that has it is a plan of this inventory and of no other."""

from __future__ import annotations

import hashlib
import json

from ansible_collections.erpops.estate.plugins.module_utils.policy.inventory_model import Inventory
from ansible_collections.erpops.estate.plugins.module_utils.policy.inventory_secrets import SECRET_NAMES

# Where the controller finds what governs it is nothing that a host becomes; each controller has its own place.
ELSEWHERE = frozenset({"estate_governance"})


def fingerprint(inventory: Inventory) -> str:
    """Return the digest of all groups, and of every variable of the collection as it is for each host.

    Secrets are left out: whoever has the rest could try passwords against the digest.
    """
    hidden = {name for name, spec in inventory.specs.items() if spec.get("no_log")} | set(SECRET_NAMES) | ELSEWHERE
    declared = {
        "groups": {group: list(hosts) for group, hosts in inventory.groups.items()},
        "hosts": {
            host: {name: value for name, value in variables.items() if name not in hidden}
            for host, variables in inventory.hosts.items()
        },
    }
    text = json.dumps(declared, sort_keys=True, ensure_ascii=False, separators=(",", ":"), default=str)
    return f"sha256:{hashlib.sha256(text.encode()).hexdigest()}"
