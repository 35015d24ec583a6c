# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ends leases that have expired: takes the daemon's state back, then removes the record.

A timer runs it on each host, from an archive that holds these very files; modules call it too. The timer's runs also
keep the leaders of etcd and PostgreSQL apart.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from ansible_collections.erpops.estate.plugins.module_utils.clients.errors import ClientError
from ansible_collections.erpops.estate.plugins.module_utils.leases.apart import keep_apart
from ansible_collections.erpops.estate.plugins.module_utils.leases.store import Held, LeaseStore, configuration
from ansible_collections.erpops.estate.plugins.module_utils.leases.undo import KINDS, Kind, Means
from ansible_collections.erpops.estate.plugins.module_utils.policy.leases import Ending, Lease, orphans
from ansible_collections.erpops.estate.plugins.module_utils.service.record import asked_by

EXPIRED = Ending()


@dataclass
class Sweep:
    """What was ended, what waits for another host, and what could not be done, in sentences."""

    ended: list[str] = field(default_factory=list)
    waiting: list[str] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)


class Keeper:
    """Ends leases by the means that this host has for their kinds: its records of the services they are about."""

    def __init__(
        self,
        store: LeaseStore,
        host: str,
        means: Callable[[str], Means] = asked_by,
        kinds: Mapping[str, Kind] | None = None,
    ) -> None:
        self._store = store
        self._host = host
        self._means = means
        self._kinds = KINDS if kinds is None else kinds

    def due(self, ending: Ending = EXPIRED) -> tuple[list[Held], Sweep]:
        """Return the leases that this host is to end."""
        found, sweep = [], Sweep()
        now = self._store.now()
        contents = self._store.all()
        sweep.failed += [f"{text}; remove the key with etcdctl del" for text in contents.broken]
        # A record that cannot be read may be what they are part of.
        alone = [] if contents.broken else orphans(held.lease for held in contents.held)
        for held in contents.held:
            lease = held.lease
            if lease.being_ended(now) or not (ending.meant(lease, now) or (lease in alone and ending.about(lease))):
                continue
            if lease.host not in ("", self._host) or not self._means_for(lease):
                sweep.waiting.append(f"{lease}: another host has to end it")
            else:
                found.append(held)
        return found, sweep

    def sweep(self, ending: Ending = EXPIRED) -> Sweep:
        """End what is due; one that cannot be ended keeps no other from it and is tried again the next time."""
        found, sweep = self.due(ending)
        for held in found:
            try:
                sweep.ended += self.end(held)
            except ClientError as error:
                sweep.failed.append(f"{held.lease}: {error}")
        return sweep

    def end(self, held: Held) -> list[str]:
        """End one lease; nothing happens where somebody else was faster."""
        claimed = self._store.claim(held)
        if claimed is None:
            return []
        lease = claimed.lease
        done = self._kinds[lease.kind].undo(self._means_for(lease), lease)
        self._store.remove(claimed)
        return [f"ended {lease}: {'; '.join(done) or 'nothing was left to take back'}"]

    def abandon(self, ending: Ending, *, dry: bool = False) -> Sweep:
        """Remove the records alone, of hosts that will not be back to take anything back themselves."""
        sweep, now = Sweep(), self._store.now()
        for held in self._store.all().held:
            if not ending.meant(held.lease, now) or held.lease.host == self._host:
                continue
            claimed = held if dry else self._store.claim(held)
            if claimed and not dry:
                self._store.remove(claimed)
            if claimed:
                sweep.ended.append(f"{'would abandon' if dry else 'abandoned'} {held.lease}: nothing was taken back")
        return sweep

    def _means_for(self, lease: Lease) -> Means:
        kind = self._kinds.get(lease.kind)
        if kind is None:
            return ()
        return self._means(kind.service) if kind.service else ({},)


def main(arguments: Sequence[str]) -> int:
    """Run once, with this host's configuration or the one at the path given; what went wrong is the exit status."""
    try:
        config = configuration(*arguments[:1])
        result = Keeper(LeaseStore.of(config), str(config["host"])).sweep()
    except ClientError as error:
        result = Sweep(failed=[f"leases cannot be kept: {error}"])
    try:
        result.ended += keep_apart(asked_by)
    except ClientError as error:
        # Nothing is left behind by that: no failure of what leases are kept by.
        sys.stderr.write(f"the leaders of etcd and PostgreSQL were not looked at: {error}\n")
    for sentence in result.ended:
        sys.stdout.write(f"{sentence}\n")
    for sentence in result.failed:
        sys.stderr.write(f"{sentence}\n")
    return 1 if result.failed else 0
