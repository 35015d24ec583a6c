# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""etcd through its JSON gateway (https://etcd.io/docs/v3.5/dev-guide/api_grpc_gateway/)."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from ansible_collections.erpops.estate.plugins.module_utils.clients import guard
from ansible_collections.erpops.estate.plugins.module_utils.clients.errors import (
    ClientError,
    NoQuorum,
    Refused,
    TimedOut,
    Unreachable,
)
from ansible_collections.erpops.estate.plugins.module_utils.clients.https import Tls, lines, request

STATUS = "maintenance/status"

T = TypeVar("T")


@dataclass(frozen=True)
class Entry:
    """A key with its value, and the revision at which it was last changed."""

    key: str
    value: str
    revision: int


class EtcdClient:
    """Speaks to one member. Numbers of 64 bits come as text, absent fields are zero or empty."""

    def __init__(self, address: str, *, tls: Tls, port: int = 2379, timeout: float = 5.0) -> None:
        self.what = f"etcd at {address}:{port}"
        self._base = f"https://{address}:{port}/v3"
        self._tls = tls
        self._timeout = timeout

    def status(self) -> Mapping[str, Any]:
        """Return the member's own view: its leader, raft index and term, size of the database, errors."""
        return self._call(STATUS)

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
        found = self.entry(key)
        return found.value if found else None

    def entry(self, key: str) -> Entry | None:
        """Return a key by a linearizable read."""
        found = self._range({"key": _encoded(key)})
        return found[0] if found else None

    def entries(self, prefix: str) -> list[Entry]:
        """Return all keys below a prefix by a linearizable read; it must end with a slash."""
        return self._range({"key": _encoded(prefix), "range_end": _encoded(prefix[:-1] + chr(ord("/") + 1))})

    def swap(self, key: str, value: str | None, revision: int) -> bool:
        """Write ``value``, or remove the key for None, and return True; only while the key is at ``revision``.

        Revision 0 is that of a key that does not exist.
        """
        guard.about_to_write(self.what, f"a write of {key}")
        encoded = _encoded(key)
        change: dict[str, Any] = {"requestDeleteRange": {"key": encoded}}
        if value is not None:
            change = {"requestPut": {"key": encoded, "value": _encoded(value)}}
        compare = {"key": encoded, "target": "MOD", "result": "EQUAL", "modRevision": str(revision)}
        return bool(self._call("kv/txn", {"compare": [compare], "success": [change]}).get("succeeded"))

    def snapshot(self) -> Iterator[bytes]:
        """Yield the member's database piece by piece; its last 32 bytes are the SHA-256 of all before them."""
        for line in lines(self.what, f"{self._base}/maintenance/snapshot", tls=self._tls, data={}):
            piece = json.loads(line)
            if "result" not in piece:
                raise Refused(self.what, expected="a piece of the snapshot", found=line.decode(errors="replace")[:500])
            yield base64.b64decode(piece["result"].get("blob", ""))

    def move_leader(self, member_id: str) -> None:
        """Hand leadership to another member; only the leader can."""
        guard.about_to_write(self.what, "a move of leadership")
        self._call("maintenance/transfer-leadership", {"targetID": member_id})

    def _range(self, data: Mapping[str, Any]) -> list[Entry]:
        return [
            Entry(_decoded(found["key"]), _decoded(found.get("value", "")), int(found.get("mod_revision", 0)))
            for found in self._call("kv/range", data).get("kvs", [])
        ]

    def _call(self, path: str, data: Mapping[str, Any] | None = None) -> Mapping[str, Any]:
        try:
            return self._send(path, data or {})
        except (Refused, TimedOut) as error:
            if path == STATUS or not self._leaderless():
                raise
            raise NoQuorum(
                self.what,
                expected="a leader that a quorum of the members elected",
                found="none",
                remedy="start the members that are down; etcd_info says which",
            ) from error

    def _leaderless(self) -> bool:
        try:
            return str(self._send(STATUS, {}).get("leader", "0")) == "0"
        except ClientError:
            return False

    def _send(self, path: str, data: Mapping[str, Any]) -> Mapping[str, Any]:
        url = f"{self._base}/{path}"
        # Every question is a POST here; what is none has said so before it came this way.
        answer = request(self.what, "POST", url, tls=self._tls, data=data, timeout=self._timeout, asks=True)
        result: Mapping[str, Any] = answer.json()
        return result


class EtcdCluster:
    """The members of one cluster by name; what a quorum has to answer goes to the first member that can."""

    def __init__(
        self,
        addresses: Mapping[str, str],
        *,
        tls: Tls,
        port: int = 2379,
        first: str | None = None,
    ) -> None:
        names = sorted(addresses, key=lambda name: (name != first, name))
        self._clients = {name: EtcdClient(addresses[name], tls=tls, port=port) for name in names}

    @property
    def names(self) -> tuple[str, ...]:
        """Return the names of the members, the one to ask first in front."""
        return tuple(self._clients)

    def member(self, name: str) -> EtcdClient:
        """Return the client of one member."""
        return self._clients[name]

    def ask(self, question: Callable[[EtcdClient], T], names: Sequence[str] | None = None) -> T:
        """Put a question to one member after the other, or to these, until one answers.

        When none does, raise what says most.
        """
        failures: list[ClientError] = []
        for name in self._clients if names is None else names:
            try:
                return question(self._clients[name])
            except ClientError as error:
                failures.append(error)
        if failures:
            raise next((error for error in failures if isinstance(error, NoQuorum)), failures[0])
        raise Unreachable("etcd", expected="the addresses of its members", found="none")


def _encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def _decoded(text: str) -> str:
    return base64.b64decode(text).decode()
