# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What keepalived's dump of its VRRP instances means."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ansible_collections.erpops.estate.plugins.module_utils.health.verdict import Verdict

STATES = {0: "starting", 1: "backup", 2: "master", 3: "fault", 97: "deleted", 98: "stopped"}
ABLE = ("backup", "master")


def instance_health(instances: Sequence[Mapping[str, Any]], name: str, wanted: Mapping[str, Any]) -> Verdict:
    """Return whether the instance runs as it should and could hold the address.

    ``wanted`` has the keys of the dump that have to be so (``vrid``, ``base_priority``), and ``address``.
    """
    found = next((entry for entry in instances if entry.get("iname") == name), None)
    if found is None:
        return Verdict(False, (f"keepalived: expected VRRP instance {name} to be loaded, found none",))
    state = STATES.get(int(found.get("state", 0)), "unknown")
    objections = []
    if state not in ABLE:
        why = "; the edge of this host does not answer, or it is asked to leave" if state == "fault" else ""
        objections.append(f"keepalived: expected VRRP instance {name} to be backup or master, found {state}{why}")
    for key, value in sorted(wanted.items()):
        if key != "address" and found.get(key) != value:
            objections.append(f"keepalived: expected {key} {value} in VRRP instance {name}, found {found.get(key)}")
    addresses = [str(entry).partition(" ")[0].partition("/")[0] for entry in found.get("vips") or ()]
    if wanted["address"] not in addresses:
        listed = ", ".join(addresses) or "none"
        objections.append(f"keepalived: expected address {wanted['address']} in VRRP instance {name}, found {listed}")
    if state == "master" and not found.get("vipset"):
        objections.append(f"keepalived: expected the master to have {wanted['address']}, found it without")
    return Verdict.of(objections, role=state)
