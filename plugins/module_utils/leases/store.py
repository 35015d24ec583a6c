# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The leases of an estate, in its etcd: every change happens only where nobody else was faster."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Protocol, TypeVar

from ansible_collections.erpops.estate.plugins.module_utils.clients.errors import Conflict, MissingFile, Refused
from ansible_collections.erpops.estate.plugins.module_utils.members.etcd import connect
from ansible_collections.erpops.estate.plugins.module_utils.policy import leases
from ansible_collections.erpops.estate.plugins.module_utils.policy.leases import Lease, Step

# Written by the role leases.
CONFIGURATION = "/etc/erpops/leases/keeper.json"

T = TypeVar("T")

# Rounds against others that change the same record at the same time; each round somebody has got on.
ROUNDS = 5

# Options of every module that takes a lease; documented in the fragment of the same name.
STORE_SPEC: Mapping[str, Mapping[str, Any]] = {
    "estate": {"type": "str"},
    "etcd": {
        "type": "dict",
        "options": {
            "members": {"type": "dict", "required": True},
            "member": {"type": "str"},
            "port": {"type": "int", "default": 2379},
            "ca_file": {"type": "path", "required": True},
            "cert_file": {"type": "path", "required": True},
            # The path of a file is no secret.
            "key_file": {"type": "path", "required": True, "no_log": False},
        },
    },
}

TAKING_SPEC: Mapping[str, Mapping[str, Any]] = {
    "owner": {"type": "str", "required": True},
    "reason": {"type": "str", "default": ""},
    "minutes": {"type": "int", "default": 60},
    "force": {"type": "bool", "default": False},
}


@dataclass(frozen=True)
class Held:
    """A lease and the revision its record is at."""

    lease: Lease
    revision: int


@dataclass(frozen=True)
class Contents:
    """All leases, and what stands among them that is none."""

    held: tuple[Held, ...]
    broken: tuple[str, ...]


def configuration(path: str = CONFIGURATION) -> dict[str, Any]:
    """Return what the role leases has left on this host: ``estate``, ``host`` and ``etcd``."""
    try:
        with open(path, encoding="utf-8") as stream:
            found: dict[str, Any] = json.load(stream)
    except (OSError, ValueError) as error:
        raise MissingFile(
            "how the leases of the estate are reached",
            expected=path,
            found=str(error),
            remedy="run the role leases on this host, or give the options estate and etcd",
        ) from error
    return found


def utc_now() -> datetime:
    """Return this host's time."""
    return datetime.now(UTC)


class Keys(Protocol):
    """The estate's etcd, or what answers as it does."""

    def ask(self, question: Callable[[Any], T]) -> T:
        """Put a question to whoever can answer it."""


class LeaseStore:
    """Reads and changes the leases of one estate."""

    def __init__(self, cluster: Keys, estate: str, now: Callable[[], datetime] = utc_now) -> None:
        self._cluster = cluster
        self._estate = estate
        self.now = now

    @classmethod
    def of(cls, params: Mapping[str, Any]) -> LeaseStore:
        """Return the store that a module's ``etcd`` and ``estate`` describe, or else this host's configuration."""
        if not (params.get("etcd") and params.get("estate")):
            known = configuration()
            params = {key: params.get(key) or known[key] for key in ("etcd", "estate")}
        return cls(connect(params["etcd"]), str(params["estate"]))

    def all(self) -> Contents:
        """Return every lease, expired ones too."""
        held, broken = [], []
        prefix = leases.prefix(self._estate)
        for entry in self._cluster.ask(lambda client: client.entries(prefix)):
            try:
                held.append(Held(leases.load(entry.value), entry.revision))
            except ValueError as error:
                broken.append(f"{entry.key}: {error}")
        return Contents(tuple(held), tuple(broken))

    def find(self, kind: str, name: str) -> Held | None:
        """Return one lease."""
        key = leases.key(self._estate, kind, name)
        entry = self._cluster.ask(lambda client: client.entry(key))
        if entry is None:
            return None
        try:
            return Held(leases.load(entry.value), entry.revision)
        except ValueError as error:
            raise Refused(key, found=str(error), remedy="remove the key with etcdctl del") from error

    def take(self, lease: Lease, *, dry: bool = False) -> tuple[Step, Held | None]:
        """Take or renew a lease; return what that came to and what stood there before. ``dry`` only decides."""
        for _round in range(ROUNDS):
            before = self.find(lease.kind, lease.name)
            decision = leases.take(before.lease if before else None, lease)
            if decision.step is None or decision.lease is None:
                raise Conflict(
                    f"lease {lease.kind} {lease.name}",
                    expected=f"that it is free for {lease.owner}",
                    found=decision.objection,
                    remedy="agree with its owner, or wait until it expires",
                )
            if dry or decision.step is Step.KEEP or self._swap(decision.lease, before.revision if before else 0):
                return decision.step, before
        raise self.busy(lease)

    def claim(self, held: Held) -> Held | None:
        """Announce that a lease is being taken back; None where somebody was faster."""
        marked = replace(held.lease, ending=self.now())
        return self.find(marked.kind, marked.name) if self._swap(marked, held.revision) else None

    def remove(self, held: Held) -> None:
        """Remove the record of what has been taken back."""
        key = leases.key(self._estate, held.lease.kind, held.lease.name)
        if not self._cluster.ask(lambda client: client.swap(key, None, held.revision)) and self.find(
            held.lease.kind, held.lease.name
        ):
            raise self.busy(held.lease)

    def _swap(self, lease: Lease, revision: int) -> bool:
        key = leases.key(self._estate, lease.kind, lease.name)
        return bool(self._cluster.ask(lambda client: client.swap(key, leases.dump(lease), revision)))

    @staticmethod
    def busy(lease: Lease) -> Conflict:
        """Return the error for a record that others change at the same time."""
        return Conflict(
            f"lease {lease.kind} {lease.name}",
            expected="nobody else to change it at the same time",
            found="that somebody does",
            remedy="run again",
        )
