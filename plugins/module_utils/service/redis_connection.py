# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How a module reaches Redis and Sentinel: as its option ``cluster`` says, else as this host has it on record."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible_collections.erpops.estate.plugins.module_utils.service.connection import recorded_connection

# Documented in the fragment redis_cluster.
CLUSTER_SPEC: dict[str, Any] = {
    "cluster": {
        "type": "dict",
        "options": {
            "address": {"type": "str", "required": True},
            "members": {"type": "list", "elements": "str", "required": True},
            "port": {"type": "int", "default": 6379},
            "sentinel_port": {"type": "int", "default": 26379},
            "master_name": {"type": "str", "required": True},
            "quorum": {"type": "int", "default": 2},
            "min_replicas": {"type": "int", "default": 1},
            "max_lag_seconds": {"type": "int", "default": 5},
            "ca_file": {"type": "path", "required": True},
            "user": {"type": "str", "required": True},
            # The path of a file is no secret.
            "password_file": {"type": "path", "required": True, "no_log": False},
        },
    }
}


def connection(params: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the parameters of :class:`RedisCluster`."""
    return params["cluster"] or recorded_connection("redis", option="cluster")
