# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What keepalived's dump of its VRRP instances means."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ansible_collections.erpops.estate.plugins.module_utils.health.verdict import Verdict

STATES = {0: "starting", 1: "backup", 2: "master", 3: "fault", 97: "deleted", 98: "stopped"}
ABLE = ("backup", "master")
# Of the role virtual_ip.
TABLE = "erpops_virtual_ip"


@dataclass(frozen=True)
class Footing:
    """What the kernel was told so that open connections outlive a move of the address.

    The address on the loopback, how ARP is answered and asked on the interface, and the table that hands on
    segments of connections which another edge has.
    """

    on_loopback: bool
    arp_ignore: int
    arp_announce: int
    table: bool


# What an address on the loopback asks of the interface beside it: not to answer for it, not to speak of it.
ARP_IGNORE, ARP_ANNOUNCE = 1, 2


def interface_of(instances: Sequence[Mapping[str, Any]], name: str) -> str:
    """Return the interface that the instance has, "" for one that is not loaded."""
    return next((str(entry.get("ifp_ifname", "")) for entry in instances if entry.get("iname") == name), "")


def footing_reasons(address: str, interface: str, footing: Footing) -> list[str]:
    """Return why connections that are open would not outlive a move of the address."""
    objections = []
    if not footing.on_loopback:
        objections.append(f"expected {address} on the loopback too, found it is not there")
    if footing.arp_ignore < ARP_IGNORE or footing.arp_announce < ARP_ANNOUNCE:
        objections.append(
            f"expected arp_ignore {ARP_IGNORE} and arp_announce {ARP_ANNOUNCE} on {interface},"
            f" found {footing.arp_ignore} and {footing.arp_announce}"
        )
    if not footing.table:
        objections.append(f"expected the nftables table {TABLE}, found none")
    remedy = "a move would break open connections; systemctl reload keepalived sets it again"
    return [f"keepalived: {objection}; {remedy}" for objection in objections]


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
