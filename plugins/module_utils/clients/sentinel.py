# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A Sentinel, over TLS and with a user of its ACL."""

from __future__ import annotations

from typing import Any

from ansible_collections.erpops.estate.plugins.module_utils.clients.errors import Refused
from ansible_collections.erpops.estate.plugins.module_utils.clients.redis import RedisClient, pairs


class SentinelClient(RedisClient):
    """One Sentinel. It speaks Redis' protocol, so connecting, users and certificate are those of a server."""

    service = "Sentinel"

    def master(self, name: str) -> dict[str, str]:
        """Return what the Sentinel knows of the master; nothing when it does not watch one of this name."""
        try:
            return pairs(self.ask("SENTINEL", "MASTER", name))
        except Refused as error:
            if "No such master" in error.found:
                return {}
            raise

    def masters(self) -> list[str]:
        """Return the names of all masters that the Sentinel watches."""
        return sorted(pairs(entry).get("name", "") for entry in self.ask("SENTINEL", "MASTERS"))

    def replicas(self, name: str) -> list[dict[str, str]]:
        """Return what the Sentinel knows of the master's replicas: by this it chooses whom it promotes."""
        return [pairs(entry) for entry in self.ask("SENTINEL", "REPLICAS", name)]

    def check_quorum(self, name: str) -> str:
        """Return why a failover could not be authorised now; nothing when it could."""
        try:
            self.ask("SENTINEL", "CKQUORUM", name)
        except Refused as error:
            return error.found
        return ""

    def failover(self, name: str) -> None:
        """Hand the master's role to the best replica, without asking the other Sentinels."""
        self.tell("SENTINEL", "FAILOVER", name)

    def watch(self, name: str, address: str, port: int, quorum: int) -> None:
        """Watch a master, in place of what was watched under this name."""
        if self.master(name):
            self.tell("SENTINEL", "REMOVE", name)
        self.tell("SENTINEL", "MONITOR", name, address, port, quorum)

    def set_for(self, name: str, option: str, value: str) -> None:
        """Change one option of a watched master; the Sentinel writes it to its file."""
        self.tell("SENTINEL", "SET", name, option, value)

    def settings(self) -> dict[str, str]:
        """Return the settings that are the Sentinel's own."""
        return pairs(self.ask("SENTINEL", "CONFIG", "GET", "*"))

    def set(self, values: Any) -> None:
        """Change settings that are the Sentinel's own, one by one; the Sentinel writes them to its file."""
        for name, value in values.items():
            self.tell("SENTINEL", "CONFIG", "SET", name, value)

    def save_settings(self) -> None:
        """Have the Sentinel write its file."""
        self.tell("SENTINEL", "FLUSHCONFIG")
