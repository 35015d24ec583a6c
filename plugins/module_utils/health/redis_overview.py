# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A watched master with its servers and Sentinels, told for who looks at it. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible_collections.erpops.estate.plugins.module_utils.health import redis, sentinel

Row = dict[str, Any]


def overview(master_name: str, servers: redis.Servers, sentinels: sentinel.Sentinels) -> Row:
    """Return what was seen of everybody in one look, and what each of them would have to be."""
    master = redis.master_of(servers)
    views = sentinels.views
    agreed = [view for view in views.values() if view.address == sentinel.elected(views)]
    rows = [_server(address, servers) for address in servers.expected]
    watching = [_sentinel(address, sentinels) for address in sentinels.expected]
    own = servers.infos.get(master, {})
    return {
        "master_name": master_name,
        "master": master,
        "epoch": max((view.epoch for view in views.values()), default=0),
        "successors": list(sentinel.successors(agreed[0].replicas)) if agreed else [],
        "quorum": any(view.address and not view.no_quorum for view in views.values()),
        "takes_writes": bool(own) and redis.member_health(master, servers).ok,
        "min_replicas": {
            "wanted": servers.min_replicas,
            "in_sync": list(redis.replicas_in_sync(own, servers.max_lag_seconds)),
        },
        "servers": rows,
        "sentinels": watching,
        "reasons": [reason for row in (*rows, *watching) for reason in row["reasons"]],
    }


def _server(address: str, servers: redis.Servers) -> Row:
    info = servers.infos.get(address, {})
    verdict = redis.member_health(address, servers)
    row: Row = {
        "address": address,
        "answers": bool(info),
        "healthy": verdict.ok,
        "reasons": list(verdict.reasons),
        "role": redis.role_of(info),
        "version": info.get("redis_version", ""),
    }
    if not info:
        return row
    if row["role"] == "replica":
        row["replication"] = {
            "master": info.get("master_host", ""),
            "link": info.get("master_link_status", ""),
            "lag_bytes": redis.lag_bytes(address, servers),
            "silent_seconds": _number(info, "master_last_io_seconds_ago"),
            "copying": info.get("master_sync_in_progress") == "1",
            "priority": _number(info, "slave_priority"),
        }
    row["memory"] = {
        "used_bytes": _number(info, "used_memory"),
        "max_bytes": _number(info, "maxmemory"),
        "policy": info.get("maxmemory_policy", ""),
        "evicted_keys": _number(info, "evicted_keys"),
    }
    row["clients"] = {
        "connected": _number(info, "connected_clients"),
        "max": _number(info, "maxclients"),
        "blocked": _number(info, "blocked_clients"),
        "rejected": _number(info, "rejected_connections"),
    }
    row["persistence"] = {
        "loading": info.get("loading", "0") != "0",
        "appendonly": info.get("aof_enabled") == "1",
        "append_status": info.get("aof_last_write_status", ""),
        "rewrite_status": info.get("aof_last_bgrewrite_status", ""),
        "snapshot_status": info.get("rdb_last_bgsave_status", ""),
        "unsaved_changes": _number(info, "rdb_changes_since_last_save"),
    }
    return row


def _sentinel(address: str, sentinels: sentinel.Sentinels) -> Row:
    answered = sentinels.views.get(address)
    view = answered or sentinel.View()
    verdict = sentinel.member_health(address, sentinels)
    return {
        "address": address,
        "answers": answered is not None,
        "healthy": verdict.ok,
        "reasons": list(verdict.reasons),
        "master": view.address,
        "agrees": bool(view.address) and view.address == sentinel.elected(sentinels.views),
        "quorum": bool(view.address) and not view.no_quorum,
        "knows_others": int(view.master.get("num-other-sentinels", 0)),
        "watches": list(view.watches),
        "replicas": sorted(replica.get("ip", "") for replica in view.replicas),
    }


def _number(info: Mapping[str, str], name: str) -> int:
    """Return a field as a number; -1 when this server does not tell it."""
    return int(info.get(name, -1))
