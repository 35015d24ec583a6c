# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an estate keeps between runs, where all machines that change it see it: beside the head of the ledger."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Any

from ansible_collections.erpops.estate.plugins.module_utils.clients.errors import Conflict, Refused
from ansible_collections.erpops.estate.plugins.module_utils.clients.etcd import Entry
from ansible_collections.erpops.estate.plugins.module_utils.leases.store import Keys, LeaseStore, utc_now
from ansible_collections.erpops.estate.plugins.module_utils.ledger.settings import load
from ansible_collections.erpops.estate.plugins.module_utils.policy.change import kept
from ansible_collections.erpops.estate.plugins.module_utils.policy.change.kept import Governed
from ansible_collections.erpops.estate.plugins.module_utils.policy.change.review import joined
from ansible_collections.erpops.estate.plugins.module_utils.policy.change.situation import Review
from ansible_collections.erpops.estate.plugins.module_utils.policy.leases import Lease


@dataclass(frozen=True)
class Standing:
    """A review that is open, and where it stands as what."""

    key: str
    revision: int
    review: Review


@dataclass(frozen=True)
class Seen:
    """The lock, the commit by which the estate was governed last with its record's revision, the reviews."""

    lock: Lease | None = None
    governed: Governed = field(default_factory=Governed)
    revision: int = 0
    reviews: tuple[Standing, ...] = ()


class ChangeState:
    """Reads and changes it; every change happens only where nobody else was faster."""

    def __init__(self, keys: Keys, estate: str, now: Callable[[], datetime] = utc_now) -> None:
        self._keys = keys
        self._estate = estate
        self._store = LeaseStore(keys, estate, now)

    def seen(self) -> Seen:
        """Return what stands there."""
        held = self._store.find(kept.LOCK, self._estate)
        key, prefix = kept.governed_key(self._estate), kept.reviews_prefix(self._estate)
        governed = self._keys.ask(lambda client: client.entry(key))
        reviews = self._keys.ask(lambda client: client.entries(prefix))
        return Seen(
            held.lease if held else None,
            _loaded(key, kept.load_governed, governed.value) if governed else Governed(),
            governed.revision if governed else 0,
            tuple(_standing(entry) for entry in reviews),
        )

    def lock(self, lease: Lease) -> Lease:
        """Take or renew the lock; raise Conflict where somebody else has it."""
        self._store.take(lease)
        held = self._store.find(lease.kind, lease.name)
        if held is None or held.lease.owner != lease.owner:
            raise self._store.busy(lease)
        return held.lease

    def unlock(self, run: str) -> bool:
        """Give the lock back where this run has it."""
        held = self._store.find(kept.LOCK, self._estate)
        if held is None or not kept.owned_by(held.lease, run):
            return False
        self._store.remove(held)
        return True

    def govern(self, governed: Governed, seen: Seen) -> None:
        """Keep the commit by which this run is let through; only where it was judged against the newest one."""
        if governed == seen.governed:
            return
        key = kept.governed_key(self._estate)
        if not self._keys.ask(lambda client: client.swap(key, kept.dump_governed(governed), seen.revision)):
            raise Conflict(key, expected=f"revision {seen.revision}", found="another", remedy="ask again")

    def open_review(self, review: Review) -> None:
        """Keep that a break-glass run has to be looked at; one of the same plan that is open is of this run, too."""
        key = kept.review_key(self._estate, review)
        found = self._keys.ask(lambda client: client.entry(key))
        wanted = joined(_standing(found).review, review) if found else review
        text = kept.dump_review(wanted)
        if found and found.value == text:
            return
        if self._keys.ask(lambda client: client.swap(key, text, found.revision if found else 0)):
            return
        # A member that was asked before may have written it and not said so.
        now = self._keys.ask(lambda client: client.entry(key))
        if now is None or now.value != text:
            raise Conflict(key, expected="the review to be kept", found="another, or none", remedy="ask again")

    def close(self, reviews: Iterable[Standing]) -> None:
        """Remove reviews that somebody has closed; one that was run again since stays open."""
        for one in reviews:
            self._keys.ask(partial(_removed, one))


def release(configuration: str, run: str) -> bool:
    """Give the change lock back where this run has it."""
    settings = load(configuration)
    return ChangeState(settings.keys(), settings.estate).unlock(run)


def _removed(one: Standing, client: Any) -> bool:
    return bool(client.swap(one.key, None, one.revision))


def _standing(entry: Entry) -> Standing:
    return Standing(entry.key, entry.revision, _loaded(entry.key, kept.load_review, entry.value))


def _loaded(key: str, load: Callable[[str], kept.Kept], text: str) -> kept.Kept:
    try:
        return load(text)
    except ValueError as error:
        raise Refused(key, found=str(error), remedy="see who wrote it") from error
