# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A state as a lease: first the record, then the state; first the state is taken back, then the record goes."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.erpops.estate.plugins.module_utils.clients.errors import Conflict
from ansible_collections.erpops.estate.plugins.module_utils.evidence.declared import change
from ansible_collections.erpops.estate.plugins.module_utils.leases.store import Held, LeaseStore
from ansible_collections.erpops.estate.plugins.module_utils.policy import leases


@dataclass
class Outcome:
    """What was done, or would be, and what was before."""

    actions: list[str] = field(default_factory=list)
    before: dict[str, Any] = field(default_factory=dict)
    after: dict[str, Any] = field(default_factory=dict)
    lease: dict[str, Any] = field(default_factory=dict)

    def result(self, flag: str) -> dict[str, Any]:
        """Return the module's result; ``flag`` is what the state is called."""
        return {
            "changed": bool(self.actions),
            "actions": self.actions,
            flag: self.after[flag],
            "lease": self.lease,
            "diff": {"before": self.before, "after": self.after},
            "evidence": change(flag, self.before.get(flag), self.after[flag]) if self.actions else [],
        }


class LeasedState(ABC):
    """Sets and takes back one state; ``dry`` only says what it would do.

    ``kind`` is that of the lease, ``flag`` what the state is called, ``words`` say that it was set and taken back.
    """

    kind: str
    flag: str
    words: tuple[str, str]

    def __init__(self, store: LeaseStore, outcome: Outcome, name: str, *, host: str = "", dry: bool) -> None:
        """``name`` is the thing, ``host`` the only one that can take the state back where not any can."""
        self._store = store
        self._outcome = outcome
        self._name = name
        self._host = host
        self._dry = dry
        self._details: dict[str, Any] = {}

    @abstractmethod
    def is_set(self) -> bool:
        """Return whether the state is set, whoever set it."""

    @abstractmethod
    def change(self, wish: bool) -> list[str]:
        """Set the state or take it back, where it is not so, and return what was done."""

    def take(self, owner: str, reason: str, minutes: int) -> None:
        """Take or renew the lease, then set the state."""
        lease = leases.wanted(
            self.kind,
            self._name,
            owner=owner,
            reason=reason,
            minutes=minutes,
            now=self._store.now(),
            host=self._host,
            details=self._details,
        )
        was_set = self.is_set()
        step, before = self._store.take(lease, dry=self._dry)
        kept = before.lease if before and step is leases.Step.KEEP else lease
        self._seen(before, was_set, {self.flag: True, "owner": owner, "until": kept.expires.isoformat()})
        if step is not leases.Step.KEEP:
            self._outcome.actions.append(f"lease {step.value}")
        self._change(was_set, True)

    def give_back(self, owner: str, *, force: bool) -> None:
        """Take the state back, then remove the lease."""
        was_set = self.is_set()
        held = self._store.find(self.kind, self._name)
        self._seen(held, was_set, {self.flag: False})
        if held is None:
            self._change(was_set, False)
            return
        objection = leases.may_end(held.lease, owner, self._store.now(), force=force)
        if objection:
            raise Conflict(
                f"lease {self.kind} {self._name}",
                expected=f"that it is {owner}'s, or has expired",
                found=objection,
                remedy="agree with its owner, then use force",
            )
        claimed = held if self._dry else self._store.claim(held)
        if claimed is None:
            raise self._store.busy(held.lease)
        self._change(was_set, False)
        if not self._dry:
            self._store.remove(claimed)
        self._outcome.actions.append(f"lease of {held.lease.owner} ended")

    def _seen(self, held: Held | None, was_set: bool, after: dict[str, Any]) -> None:
        self._outcome.before = {self.flag: was_set}
        self._outcome.after = after
        if held:
            lease = held.lease
            self._outcome.lease = leases.as_dict(lease)
            self._outcome.before |= {"owner": lease.owner, "until": lease.expires.isoformat()}

    def _change(self, was_set: bool, wish: bool) -> None:
        if not self._dry:
            self._outcome.actions += self.change(wish)
        elif was_set != wish:
            self._outcome.actions.append(self.words[0 if wish else 1])
