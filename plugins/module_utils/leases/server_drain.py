# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An application host out of an edge's service, as a lease of that edge."""

from __future__ import annotations

from collections.abc import Mapping

from ansible_collections.erpops.estate.plugins.module_utils.leases.state import LeasedState, Outcome
from ansible_collections.erpops.estate.plugins.module_utils.leases.store import LeaseStore
from ansible_collections.erpops.estate.plugins.module_utils.policy import drained
from ansible_collections.erpops.estate.plugins.module_utils.service.edge import EdgeOfHost

# Traefik reads a file that has changed within two seconds.
LOADED_SECONDS = 15


class ServerDrain(LeasedState):
    """Takes one application host out of the file of this edge, and puts it back."""

    kind = "server_drain"
    flag = "drained"
    words = ("server taken out of the file", "server put back into the file")

    def __init__(
        self,
        edge: EdgeOfHost,
        address: str,
        store: LeaseStore,
        outcome: Outcome,
        *,
        dry: bool,
        part_of: Mapping[str, str] | None = None,
    ) -> None:
        # Every edge has its own file, and no other host can write it.
        super().__init__(store, outcome, lease_name(edge.name, address), host=edge.name, dry=dry)
        self._edge = edge
        self._address = address
        self._details = dict(part_of or {})

    def is_set(self) -> bool:
        """Return whether this edge's file sends the host nothing."""
        return self._edge.is_drained(self._address)

    def change(self, wish: bool) -> list[str]:
        """Write the file where it says otherwise."""
        wanted = self.foreseen(wish)
        if wanted == self._edge.text():
            return []
        self._edge.write(wanted)
        return [self.words[0 if wish else 1]]

    def foreseen(self, wish: bool) -> str:
        """Return the file as it is once that wish is done."""
        return (drained.without if wish else drained.back)(self._edge.text(), self._address)


def lease_name(edge: str, address: str) -> str:
    """Return what the lease of an edge on an application host is called."""
    return f"{edge}:{address}"


def take_back(edge: EdgeOfHost, name: str) -> list[str]:
    """Put the host of a lease back into this edge's file, and see that the edge has read it."""
    address = name.removeprefix(f"{edge.name}:")
    text = edge.text()
    wanted = drained.back(text, address)
    if wanted == text:
        return []
    edge.write(wanted)
    edge.wait_until_loaded(address, seconds=LOADED_SECONDS)
    return [f"{address} is in service at {edge.name} again"]
