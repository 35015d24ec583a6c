# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A pause of an instance's scheduled actions as a lease.

An instance has one such lease, so that no action is paused for two reasons of which one knows nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ansible_collections.erpops.estate.plugins.module_utils.clients import odoo_pause
from ansible_collections.erpops.estate.plugins.module_utils.clients.errors import Conflict, Refused
from ansible_collections.erpops.estate.plugins.module_utils.clients.odoo_database import Database
from ansible_collections.erpops.estate.plugins.module_utils.leases.state import LeasedState, Outcome
from ansible_collections.erpops.estate.plugins.module_utils.leases.store import LeaseStore
from ansible_collections.erpops.estate.plugins.module_utils.policy import leases
from ansible_collections.erpops.estate.plugins.module_utils.policy import odoo_actions as policy


class ScheduledActions(LeasedState):
    """Pauses actions of one instance, each as soon as it has ended, and lets them go on."""

    kind = "odoo_pause"
    flag = "paused"

    def __init__(
        self,
        name: str,
        database: Database,
        store: LeaseStore,
        outcome: Outcome,
        *,
        patterns: Sequence[str],
        wait: int,
        dry: bool,
    ) -> None:
        super().__init__(store, outcome, name, dry=dry)
        self._database = database
        self._patterns = patterns
        self._wait = wait

    def paused(self) -> list[policy.Action]:
        """Return the actions that are paused now."""
        return policy.to_resume(odoo_pause.look(self._database))

    def is_set(self) -> bool:
        """Return whether any action is paused."""
        return bool(self.paused())

    def change(self, wish: bool) -> list[str]:
        """Pause what is asked for and runs, or let everything that is paused go on."""
        if wish:
            return odoo_pause.pause(self._database, self._running(), self._wait)
        return odoo_pause.resume(self._database, self.paused())

    def take(self, owner: str, reason: str, minutes: int) -> None:
        """Take or renew the lease, then pause; what is not there is said before."""
        self._running()
        super().take(owner, reason, minutes)

    def give_back(self, owner: str, *, force: bool) -> None:
        """Let what is asked for go on; the lease ends with the last that is paused. What is not there is refused."""
        known = odoo_pause.look(self._database)
        if known:
            policy.chosen(self._patterns, known)
        paused = policy.to_resume(known)
        some = [action for action in paused if any(action.matches(pattern) for pattern in self._patterns)]
        if len(some) == len(paused):
            super().give_back(owner, force=force)
            return
        held = self._store.find(self.kind, self._name)
        self._seen(held, True, {self.flag: True})
        if held and (objection := leases.may_end(held.lease, owner, self._store.now(), force=force)):
            raise Conflict(
                f"lease {self.kind} {self._name}",
                expected=f"that it is {owner}'s, or has expired",
                found=objection,
                remedy="agree with its owner, then use force",
            )
        self._outcome.actions += odoo_pause.going_on(some) if self._dry else odoo_pause.resume(self._database, some)

    def _running(self) -> list[policy.Action]:
        return policy.to_pause(policy.chosen(self._patterns, odoo_pause.look(self._database)))

    def _change(self, was_set: bool, wish: bool) -> None:
        if not self._dry:
            super()._change(was_set, wish)
        elif wish:
            self._outcome.actions += odoo_pause.pausing(self._running())
        else:
            self._outcome.actions += odoo_pause.going_on(self.paused())


def take_back(means: Sequence[Mapping[str, Any]], name: str) -> list[str]:
    """Let go on what an instance has paused, by this host's record of the instance's containers."""
    own = [params for params in means if params.get("service") == name]
    if not own:
        raise Refused(
            f"scheduled actions of {name}",
            expected="a record of the instance on this host",
            found="none",
            remedy="run the role odoo here, or end the lease on a host where the instance runs",
        )
    with Database.service(
        f"database {own[0]['database']}",
        service_file=str(own[0]["service_file"]),
        service=name,
        database=str(own[0]["database"]),
    ) as database:
        return odoo_pause.resume(database, policy.to_resume(odoo_pause.look(database)))
