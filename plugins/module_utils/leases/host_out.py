# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A host out of service as a lease: all services of the estate stopped, its memberships kept."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ansible_collections.erpops.estate.plugins.module_utils.clients import guard
from ansible_collections.erpops.estate.plugins.module_utils.clients.errors import ClientError, Conflict, Refused
from ansible_collections.erpops.estate.plugins.module_utils.leases.state import LeasedState, Outcome
from ansible_collections.erpops.estate.plugins.module_utils.leases.store import LeaseStore
from ansible_collections.erpops.estate.plugins.module_utils.policy.survey import OUT_OF_SERVICE
from ansible_collections.erpops.estate.plugins.module_utils.service.control import Control
from ansible_collections.erpops.estate.plugins.module_utils.service.overview import standing

# Seen by the preflight of every run, which would start again what was stopped on purpose.
MARK = Path("/var/lib/erpops") / OUT_OF_SERVICE
# Only as long as the system runs: who held it does not outlive that either.
LOCK = Path("/run/erpops-host-out.lock")
GATE_SECONDS = 60.0
HEALTH_SECONDS = 300.0


class HostOut(LeasedState):
    """Stops everything on this host behind its gates, and starts it again."""

    kind = "host_out"
    flag = "out"
    words = ("host taken out of service", "host put back into service")

    def __init__(self, host: str, control: Control, store: LeaseStore, outcome: Outcome, *, dry: bool) -> None:
        super().__init__(store, outcome, host, host=host, dry=dry)
        self._control = control
        self._only_marked = False

    def is_set(self) -> bool:
        """Return whether the host was taken out."""
        return MARK.exists()

    def change(self, wish: bool) -> list[str]:
        """Stop what runs, or start what does not and wait until it has caught up; dry, only the gates are asked."""
        known = len(self._control.actions)
        marked = MARK.exists()
        if wish:
            if not self._dry:
                _mark(out=True)
            if not self._only_marked:
                self._control.stop()
        else:
            self._control.start()
            if not self._dry:
                _mark(out=False)
        word = [] if marked == wish else [self.words[0 if wish else 1]]
        if word and self._only_marked:
            word = ["host announced to go out of service"]
        return self._control.actions[known:] + word

    def _change(self, was_set: bool, wish: bool) -> None:  # noqa: ARG002 - what runs says more than the mark
        known = len(self._control.actions)
        try:
            done = self.change(wish)
        except ClientError:
            self._outcome.actions += self._control.actions[known:]
            raise
        self._outcome.actions += done

    def announce(self, owner: str, reason: str, minutes: int) -> None:
        """Take the lease and mark the host, and stop nothing yet: what happens elsewhere for it is part of the lease.

        What it would be refused for later it is refused for now, with nothing touched.
        """
        if not self.is_set():
            self._refuse_beside(self._others())
            self._control.ask(self._control.gate_timeout)
        self._only_marked = True
        super().take(owner, reason, minutes)

    def take(self, owner: str, reason: str, minutes: int) -> None:
        """Take the host out; where a cluster would not survive it, everything is as before and the lease is gone."""
        was_out = self.is_set()
        if not was_out:
            self._refuse_beside(self._others())
        try:
            super().take(owner, reason, minutes)
        except ClientError:
            if not was_out and not self._dry and self._store.find(self.kind, self._name):
                self.give_back(owner, force=False)
            raise

    def _others(self) -> list[str]:
        """Return the leases by which other hosts are out."""
        now = self._store.now()
        leases = [held.lease for held in self._store.all().held if held.lease.kind == self.kind]
        return [str(lease) for lease in leases if lease.name != self._name and not lease.expired(now)]

    def _refuse_beside(self, others: list[str]) -> None:
        """Refuse at once where a cluster lacks a member that was stopped on purpose: it would be waited for in vain."""
        if not others:
            return
        try:
            self._control.ask(0)
        except Refused as error:
            raise Refused(
                error.what,
                expected=error.expected,
                found=error.found,
                remedy=f"nothing was changed here; put back first: {'; '.join(others)}",
            ) from error


def take_back() -> list[str]:
    """Start everything on this host again."""
    with alone():
        control = Control(standing(), GATE_SECONDS, HEALTH_SECONDS)
        control.start()
        _mark(out=False)
    return control.actions


@contextmanager
def alone(*, dry: bool = False) -> Iterator[None]:
    """Take this host out or put it back with nobody else at it, who may be at that for longer than a lease waits."""
    if dry:
        yield
        return
    guard.about_to_write(str(LOCK), "a lock")
    with LOCK.open("w") as held:
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Conflict(
                "this host",
                expected="nobody else to take it out or put it back at this moment",
                found=f"somebody who holds {LOCK}, such as the timer of an expired lease",
                remedy="wait until that has ended (journalctl -u erpops-leases), then run again",
            ) from None
        yield


def refuse_where_out() -> None:
    """Refuse to start what was stopped on purpose."""
    if MARK.exists():
        raise Refused(
            "this host",
            expected="one that is in service",
            found=f"that it was taken out of service ({MARK})",
            remedy="put it back with erpops.estate.host_in, or leave it alone with --limit",
        )


def _mark(*, out: bool) -> None:
    guard.about_to_write(str(MARK), "out of service" if out else "back into service")
    if out:
        MARK.touch(mode=0o644)
    else:
        MARK.unlink(missing_ok=True)
