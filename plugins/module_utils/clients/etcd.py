# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""etcd through its JSON gateway (https://etcd.io/docs/v3.5/dev-guide/api_grpc_gateway/)."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from typing import Any

from ansible_collections.erpops.estate.plugins.module_utils.clients.https import Tls, request


class EtcdClient:
    """Speaks to one member. Numbers of 64 bits come as text, absent fields are zero or empty."""

    def __init__(self, address: str, *, tls: Tls, port: int = 2379, timeout: float = 5.0) -> None:
        self.what = f"etcd at {address}:{port}"
        self._base = f"https://{address}:{port}/v3"
        self._tls = tls
        self._timeout = timeout

    def status(self) -> Mapping[str, Any]:
        """Return the member's own view: its leader, raft index and term, size of the database, errors."""
        return self._call("maintenance/status")

    def members(self) -> Sequence[Mapping[str, Any]]:
        """Return the members of the cluster as the quorum knows them."""
        answer: Sequence[Mapping[str, Any]] = self._call("cluster/member/list").get("members", [])
        return answer

    def alarms(self) -> Sequence[Mapping[str, Any]]:
        """Return the alarms that are raised, of all members."""
        answer: Sequence[Mapping[str, Any]] = self._call("maintenance/alarm", {"action": "GET"}).get("alarms", [])
        return answer

    def read(self, key: str) -> str | None:
        """Return a key's value by a linearizable read: the answer proves that a quorum stands behind it."""
        answer = self._call("kv/range", {"key": base64.b64encode(key.encode()).decode()})
        found = answer.get("kvs", [])
        return base64.b64decode(found[0].get("value", "")).decode() if found else None

    def move_leader(self, member_id: str) -> None:
        """Hand leadership to another member; only the leader can."""
        self._call("maintenance/transfer-leadership", {"targetID": member_id})

    def _call(self, path: str, data: Mapping[str, Any] | None = None) -> Mapping[str, Any]:
        answer = request(
            self.what, "POST", f"{self._base}/{path}", tls=self._tls, data=data or {}, timeout=self._timeout
        )
        result: Mapping[str, Any] = answer.json()
        return result
