# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A pause of Patroni as a lease: first the record, then the pause; first it goes on, then the record goes."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from ansible_collections.erpops.estate.plugins.module_utils.clients.errors import Conflict
from ansible_collections.erpops.estate.plugins.module_utils.clients.patroni import PatroniCluster
from ansible_collections.erpops.estate.plugins.module_utils.leases.store import Held, LeaseStore
from ansible_collections.erpops.estate.plugins.module_utils.members import patroni_pause
from ansible_collections.erpops.estate.plugins.module_utils.policy import leases

KIND = "patroni_pause"


@dataclass
class Outcome:
    """What was done, or would be, and what was before."""

    actions: list[str] = field(default_factory=list)
    before: dict[str, Any] = field(default_factory=dict)
    after: dict[str, Any] = field(default_factory=dict)
    lease: dict[str, Any] = field(default_factory=dict)

    def result(self) -> dict[str, Any]:
        """Return the module's result."""
        return {
            "changed": bool(self.actions),
            "actions": self.actions,
            "paused": self.after["paused"],
            "lease": self.lease,
            "diff": {"before": self.before, "after": self.after},
        }


class PatroniMaintenance:
    """Pauses and resumes one cluster; ``dry`` only says what it would do."""

    def __init__(self, cluster: PatroniCluster, store: LeaseStore, outcome: Outcome, *, dry: bool) -> None:
        self._cluster = cluster
        self._store = store
        self._outcome = outcome
        self._dry = dry
        self._scope = str(cluster.ask(lambda member: member.cluster()).get("scope", "patroni"))

    def pause(self, owner: str, reason: str, minutes: int) -> None:
        """Take or renew the lease, then pause."""
        lease = leases.wanted(KIND, self._scope, owner=owner, reason=reason, minutes=minutes, now=self._store.now())
        paused = patroni_pause.paused(self._cluster)
        step, before = self._store.take(lease, dry=self._dry)
        kept = before.lease if before and step is leases.Step.KEEP else lease
        self._seen(before, paused, {"paused": True, "owner": owner, "until": kept.expires.isoformat()})
        if step is not leases.Step.KEEP:
            self._outcome.actions.append(f"lease {step.value}")
        self._change(paused, True)

    def resume(self, owner: str, *, force: bool) -> None:
        """Let it go on, then remove the lease."""
        paused = patroni_pause.paused(self._cluster)
        held = self._store.find(KIND, self._scope)
        self._seen(held, paused, {"paused": False})
        if held is None:
            self._change(paused, False)
            return
        objection = leases.may_end(held.lease, owner, self._store.now(), force=force)
        if objection:
            raise Conflict(
                f"lease {KIND} {self._scope}",
                expected=f"that it is {owner}'s, or has expired",
                found=objection,
                remedy="agree with its owner, then use force",
            )
        claimed = held if self._dry else self._store.claim(held)
        if claimed is None:
            raise self._store.busy(held.lease)
        self._change(paused, False)
        if not self._dry:
            self._store.remove(claimed)
        self._outcome.actions.append(f"lease of {held.lease.owner} ended")

    def _seen(self, held: Held | None, paused: bool, after: dict[str, Any]) -> None:
        self._outcome.before = {"paused": paused}
        self._outcome.after = after
        if held:
            lease = held.lease
            self._outcome.lease = leases.as_dict(lease)
            self._outcome.before |= {"owner": lease.owner, "until": lease.expires.isoformat()}

    def _change(self, paused: bool, wish: bool) -> None:
        if self._dry:
            if paused != wish:
                self._outcome.actions.append("Patroni paused" if wish else "Patroni resumed")
            return
        change = patroni_pause.pause if wish else patroni_pause.resume
        self._outcome.actions += change(self._cluster)
