# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The session store that Odoo asks."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any

import redis
from odoo import http
from odoo.tools._vendor import sessions

from .keys import Keys, checked_identifier, identifier_of, lifetime_of
from .master import Master
from .settings import Settings

BATCH = 500


class RedisSessionStore(sessions.SessionStore):
    """Sessions in Redis, in the layout that ``keys`` describes."""

    # What does not depend on where sessions are kept is Odoo's own.
    rotate = http.FilesystemSessionStore.rotate
    generate_key = http.FilesystemSessionStore.generate_key
    is_valid_key = http.FilesystemSessionStore.is_valid_key
    delete_old_sessions = http.FilesystemSessionStore.delete_old_sessions

    def __init__(self, settings: Settings, session_class: type | None = None) -> None:
        super().__init__(session_class)
        self._lifetime = settings.lifetime
        self._keys = Keys(settings.prefix)
        self._master = Master(settings)

    def get(self, sid: str) -> Any:
        """Return the session of this id, or a new one under a new id when there is none."""
        if not self.is_valid_key(sid):
            return self.new()
        payload = self._master.run(lambda client: client.get(self._keys.session(sid)))
        if payload is None:
            return self.new()
        try:
            data = json.loads(payload)
        except ValueError:
            return self.new()
        return self.session_class(data, sid, False)

    def save(self, session: Any) -> None:
        """Write the session and its entries in the index, all or nothing."""
        sid = session.sid
        if not self.is_valid_key(sid):
            raise ValueError(f"Invalid session id {sid!r}")
        data = dict(session)
        payload = json.dumps(data)

        def write(client: redis.Redis) -> None:
            now = time.time()
            sids = self._keys.sids(identifier_of(sid))
            with client.pipeline(transaction=True) as pipe:
                pipe.set(self._keys.session(sid), payload, ex=lifetime_of(data, self._lifetime, now))
                pipe.zadd(self._keys.saved, {sid: now})
                pipe.sadd(sids, sid)
                pipe.expire(sids, self._lifetime)
                pipe.execute()

        self._master.run(write)

    def delete(self, session: Any) -> None:
        """Remove the session."""
        if self.is_valid_key(session.sid):
            self._remove([session.sid])

    def delete_from_identifiers(self, identifiers: list[str]) -> None:
        """Remove every session of these identifiers (users end the sessions of their other devices)."""
        checked = [checked_identifier(identifier) for identifier in identifiers]

        def members(client: redis.Redis) -> list[set[bytes]]:
            with client.pipeline(transaction=False) as pipe:
                for identifier in checked:
                    pipe.smembers(self._keys.sids(identifier))
                return list(pipe.execute())

        self._remove([sid.decode() for found in self._master.run(members) for sid in found])

    def get_missing_session_identifiers(self, identifiers: Iterable[str]) -> set[str]:
        """Return those of the identifiers that no session has any more."""
        missing: set[str] = set()
        for batch in _batches(set(identifiers)):

            def exist(client: redis.Redis, batch: list[str] = batch) -> list[int]:
                with client.pipeline(transaction=False) as pipe:
                    for identifier in batch:
                        pipe.exists(self._keys.sids(identifier))
                    return list(pipe.execute())

            missing.update(
                identifier for identifier, count in zip(batch, self._master.run(exist), strict=True) if not count
            )
        return missing

    def vacuum(self, max_lifetime: int = http.SESSION_LIFETIME) -> None:
        """Remove sessions that were not saved for so many seconds, and what the index still says of expired ones."""
        threshold = time.time() - max_lifetime
        while True:
            outdated = self._master.run(
                lambda client: client.zrange(
                    self._keys.saved, "-inf", f"({threshold}", byscore=True, offset=0, num=BATCH
                )
            )
            if not outdated:
                return
            self._remove([sid.decode() for sid in outdated])

    def probe(self, within: float) -> str:
        """Write once and return the master's address; raises what Redis says when it takes no session."""

        def write(client: redis.Redis) -> str:
            client.set(self._keys.probe, str(time.time()), ex=60)
            options = client.connection_pool.connection_kwargs
            return f"{options['host']}:{options['port']}"

        return self._master.run(write, within=within)

    def _remove(self, sids: list[str]) -> None:
        for batch in _batches(sids):

            def remove(client: redis.Redis, batch: list[str] = batch) -> None:
                with client.pipeline(transaction=True) as pipe:
                    for sid in batch:
                        pipe.delete(self._keys.session(sid))
                        pipe.zrem(self._keys.saved, sid)
                        pipe.srem(self._keys.sids(identifier_of(sid)), sid)
                    pipe.execute()

            self._master.run(remove)


def _batches(items: Iterable[str]) -> Iterator[list[str]]:
    iterator = iter(items)
    while batch := list(islice(iterator, BATCH)):
        yield batch
