# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An instance's sessions in Redis, by the index that its session store keeps; ``policy.odoo_files`` has the names."""

from __future__ import annotations

from collections.abc import Iterable

from ansible_collections.erpops.estate.plugins.module_utils.clients.errors import ClientError, Refused
from ansible_collections.erpops.estate.plugins.module_utils.clients.redis import Access, RedisClient
from ansible_collections.erpops.estate.plugins.module_utils.clients.sentinel import SentinelClient
from ansible_collections.erpops.estate.plugins.module_utils.policy.odoo_files import Settings, saved_key, session_keys


def count(settings: Settings, since: float) -> int:
    """Return how many sessions were saved after this moment (seconds since the epoch)."""
    return int(_master(settings).ask("ZCOUNT", saved_key(settings), f"({since:.3f}", "+inf"))


def forget(settings: Settings, sids: Iterable[str]) -> None:
    """Remove sessions: Odoo keeps one for a week even of a visitor who has logged out."""
    master = _master(settings)
    for sid in sids:
        session, related = session_keys(settings, sid)
        master.tell("DEL", session)
        master.tell("ZREM", saved_key(settings), sid)
        master.tell("SREM", related, sid)


def _master(settings: Settings) -> RedisClient:
    access = Access(settings.ca_file, settings.redis_user, settings.redis_password_file)
    trouble: ClientError | None = None
    for address, port in settings.sentinels:
        try:
            master = SentinelClient(address, port, access).master(settings.master_name)
        except ClientError as error:
            trouble = error
            continue
        if master:
            return RedisClient(master["ip"], int(master["port"]), access)
    raise trouble or Refused(
        f"Sentinels of {settings.redis_prefix}", expected=f"a master called {settings.master_name}", found="none"
    )
