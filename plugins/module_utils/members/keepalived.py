# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The virtual address on this host, for the service module and the rolling gate."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from ansible_collections.erpops.estate.plugins.module_utils.clients.keepalived import (
    STAY_SECONDS,
    KeepalivedClient,
    answered_elsewhere,
    has_table,
    interface_setting,
    interface_with,
    let_go,
    lever_left,
    lever_pulled,
    on_loopback,
    wait_until,
)
from ansible_collections.erpops.estate.plugins.module_utils.health import keepalived as health
from ansible_collections.erpops.estate.plugins.module_utils.health.verdict import Verdict

INSTANCE = "edge"
LEAVE_FILE = "/run/erpops-edge-leave"
# Longer than the other side needs to notice (three adverts) and to announce itself.
MOVE_SECONDS = 5.0


class Lever:
    """Moves the virtual address away: the other side taking it is the proof that it can."""

    def __init__(self, address: str, leave_file: str = LEAVE_FILE) -> None:
        self.address = address
        self._leave_file = leave_file

    def has_address(self) -> bool:
        """Return whether this host has the address now."""
        return bool(self._interface())

    def _interface(self) -> str:
        return interface_with(self.address) if self.address else ""

    def give_up(self) -> list[str]:
        """Leave until another host has the address, then stay as a backup; without a taker it comes back."""
        interface = self._interface()
        if not interface or not os.path.exists(self._leave_file):
            return []
        with lever_pulled(self._leave_file):
            # Who takes it has an edge that answers: without one keepalived is in fault.
            moved = wait_until(
                lambda: not self.has_address() and answered_elsewhere(self.address, interface), MOVE_SECONDS
            )
        return [f"virtual address {self.address} moved to another edge"] if moved else []

    def left_behind(self) -> list[str]:
        """Return for how long this edge has been asked to leave, where it is longer than any move takes."""
        seconds = lever_left(self._leave_file)
        if seconds < STAY_SECONDS:
            return []
        return [f"{self._leave_file} has asked this edge to leave for {seconds:.0f} s"]

    def take_back(self) -> list[str]:
        """Ask this edge to stay where somebody, dead or alive, has left it asked to leave."""
        left = self.left_behind()
        if left:
            let_go(self._leave_file)
        return [f"{sentence}; it may stay now" for sentence in left]


class KeepalivedMember:
    """keepalived of this host.

    Parameters: ``address``, ``router_id``, ``priority``. It leads while it has the address.
    """

    def __init__(self, params: Mapping[str, Any], leave_file: str = LEAVE_FILE) -> None:
        self._lever = Lever(str(params["address"]), leave_file)
        self._client = KeepalivedClient()
        self._wanted = {
            "address": self._lever.address,
            "vrid": int(params["router_id"]),
            "base_priority": int(params["priority"]),
        }

    def health(self) -> Verdict:
        """Return whether this host has the address or could take it, and would not break connections by a move."""
        instances = self._client.instances()
        instance = health.instance_health(instances, INSTANCE, self._wanted)
        if not (interface := health.interface_of(instances, INSTANCE)):
            return instance
        address = self._lever.address
        footing = health.Footing(
            on_loopback(address),
            interface_setting(interface, "arp_ignore"),
            interface_setting(interface, "arp_announce"),
            has_table(health.TABLE),
        )
        return Verdict.of((*instance.reasons, *health.footing_reasons(address, interface, footing)), **instance.facts)

    def leads(self) -> bool:
        """Return whether the address is here."""
        return self._lever.has_address()

    def may_leave(self) -> Verdict:
        """Return whether the address is elsewhere."""
        if self.leads():
            return Verdict(False, (f"virtual address {self._lever.address} is on this host",))
        return Verdict(True)

    def step_aside(self) -> list[str]:
        """Hand the address to the other edge."""
        return self._lever.give_up()

    def left_behind(self) -> list[str]:
        """Return what a move that was interrupted has left behind."""
        return self._lever.left_behind()

    def take_back(self) -> list[str]:
        """Let this edge stay."""
        return self._lever.take_back()
