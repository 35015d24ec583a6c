# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Pauses a Patroni cluster and lets it go on: in between nothing fails over by itself."""

from __future__ import annotations

from ansible_collections.erpops.estate.plugins.module_utils.clients.errors import ClientError, TimedOut
from ansible_collections.erpops.estate.plugins.module_utils.clients.patroni import PatroniCluster
from ansible_collections.erpops.estate.plugins.module_utils.health.verdict import Verdict
from ansible_collections.erpops.estate.plugins.module_utils.waiting import wait_for

# A member takes notice within its loop, which is ten seconds by default.
TIMEOUT = 30.0


def paused(cluster: PatroniCluster) -> bool:
    """Return whether the cluster's configuration says so."""
    return bool(cluster.ask(lambda member: member.config()).get("pause"))


def pause(cluster: PatroniCluster, timeout: float = TIMEOUT) -> list[str]:
    """Pause the cluster and wait until every member that answers has taken notice."""
    return _set(cluster, True, timeout)


def resume(cluster: PatroniCluster, timeout: float = TIMEOUT) -> list[str]:
    """Let the cluster go on and wait until every member that answers has taken notice."""
    return _set(cluster, False, timeout)


def _set(cluster: PatroniCluster, wish: bool, timeout: float) -> list[str]:
    word = "paused" if wish else "resumed"
    done = []
    if paused(cluster) != wish:
        cluster.ask(lambda member: member.patch_config({"pause": True if wish else None}))
        done.append(f"Patroni {word}")
    verdict = wait_for(lambda: _noticed(cluster, wish), timeout)
    if not verdict.ok:
        raise TimedOut(
            f"Patroni, {word}",
            expected=f"every member to take notice within {timeout:g} s",
            found="; ".join(verdict.reasons),
            remedy="its configuration says so already; see the members that are named, then run again",
        )
    return done


def _noticed(cluster: PatroniCluster, wish: bool) -> Verdict:
    late = []
    for name in cluster.names:
        try:
            own = cluster.member(name).member()
        except ClientError:
            # It reads the configuration when it is back.
            continue
        if bool(own.get("pause")) != wish:
            late.append(f"{name} goes on as before")
    return Verdict.of(late)
