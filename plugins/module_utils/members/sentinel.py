# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One Sentinel, for the service module and the rolling gate."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible_collections.erpops.estate.plugins.module_utils.health import sentinel as health
from ansible_collections.erpops.estate.plugins.module_utils.health.verdict import Verdict
from ansible_collections.erpops.estate.plugins.module_utils.members.base import Solitary
from ansible_collections.erpops.estate.plugins.module_utils.members.redis_cluster import RedisCluster


class SentinelMember(Solitary):
    """The Sentinel of this host; parameters as for :class:`RedisCluster`.

    Sentinels have no leader between elections.
    """

    def __init__(self, params: Mapping[str, Any]) -> None:
        self._cluster = RedisCluster(params)

    def health(self) -> Verdict:
        """Return whether this Sentinel watches a settled master, knows all others and agrees with them."""
        return health.member_health(self._cluster.address, self._cluster.look_at_sentinels())

    def may_leave(self) -> Verdict:
        """Return whether the other Sentinels could still elect a master."""
        return health.may_leave(self._cluster.address, self._cluster.look_at_sentinels())
