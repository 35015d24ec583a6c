# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How a module reaches Redis and Sentinel."""

from __future__ import annotations


class ModuleDocFragment:
    """The option of every module that speaks to Redis and Sentinel."""

    DOCUMENTATION = r"""
requirements:
  - python3-redis on the host
options:
  cluster:
    description:
      - Where everybody is and how they are entered.
      - Left out, it is what M(erpops.estate.service) keeps on record of C(redis) on this host, so on a member nothing
        has to be said.
    type: dict
    suboptions:
      address:
        description: Address of this host.
        type: str
        required: true
      members:
        description: Addresses of all hosts, this one among them; the first is the first master.
        type: list
        elements: str
        required: true
      port:
        description: Port of Redis.
        type: int
        default: 6379
      sentinel_port:
        description: Port of Sentinel.
        type: int
        default: 26379
      master_name:
        description: Name under which the Sentinels watch the master.
        type: str
        required: true
      quorum:
        description: How many Sentinels must agree that the master is down.
        type: int
        default: 2
      min_replicas:
        description: Replicas in sync without which a master refuses writes.
        type: int
        default: 1
      max_lag_seconds:
        description: Seconds of silence after which a replica does not count as in sync.
        type: int
        default: 5
      ca_file:
        description: CA that the servers' certificates are verified against.
        type: path
        required: true
      user:
        description: User that may do everything.
        type: str
        required: true
      password_file:
        description: File on this host that holds the user's password.
        type: path
        required: true
"""
