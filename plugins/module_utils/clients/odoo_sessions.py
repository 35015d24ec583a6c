# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How many sessions an instance has, from the index that its session store keeps in Redis."""

from __future__ import annotations

from ansible_collections.erpops.estate.plugins.module_utils.clients.errors import ClientError, Refused
from ansible_collections.erpops.estate.plugins.module_utils.clients.redis import Access, RedisClient
from ansible_collections.erpops.estate.plugins.module_utils.clients.sentinel import SentinelClient
from ansible_collections.erpops.estate.plugins.module_utils.policy.odoo_files import Settings


def count(settings: Settings, since: float) -> int:
    """Return how many sessions were saved after this moment (seconds since the epoch)."""
    access = Access(settings.ca_file, settings.redis_user, settings.redis_password_file)
    return int(_master(settings, access).ask("ZCOUNT", f"{settings.redis_prefix}saved", f"({since:.3f}", "+inf"))


def _master(settings: Settings, access: Access) -> RedisClient:
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
