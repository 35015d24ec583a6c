# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: redis_sentinel_info
short_description: Look at a Redis master, its replicas and its Sentinels
version_added: "0.1.0"
description:
  - Asks every Redis server and every Sentinel in one look, from any host that reaches them.
  - Who does not answer is no failure of the module but a row with the reason.
author:
  - erpops.estate contributors (@erpops)
extends_documentation_fragment:
  - erpops.estate.attributes
  - erpops.estate.redis_cluster
attributes:
  check_mode:
    support: full
  diff_mode:
    support: none
  idempotent:
    support: full
"""

EXAMPLES = r"""
- name: Look at Redis
  erpops.estate.redis_sentinel_info:
  register: redis

- name: Refuse to go on where sessions fill the memory
  ansible.builtin.assert:
    that: item.memory.used_bytes < 0.8 * item.memory.max_bytes
    fail_msg: "Redis {{ item.address }} holds {{ item.memory.used_bytes }} of {{ item.memory.max_bytes }} bytes"
  loop: "{{ redis.servers | selectattr('answers') }}"
"""

RETURN = r"""
master_name:
  description: Name under which the Sentinels watch the master.
  returned: success
  type: str
  sample: sessions
master:
  description: Address of the master that the Sentinels elected, else of the only one; empty when that is unclear.
  returned: success
  type: str
  sample: 192.0.2.11
epoch:
  description: Version of the Sentinels' configuration; it grows with every failover.
  returned: success
  type: int
successors:
  description: Addresses of the replicas that may be promoted, the one the Sentinels would choose now first.
  returned: success
  type: list
  elements: str
quorum:
  description: Whether a failover could be authorised now (C(SENTINEL CKQUORUM)).
  returned: success
  type: bool
takes_writes:
  description: Whether the master answers, is in that role and has the replicas without which it refuses writes.
  returned: success
  type: bool
min_replicas:
  description: The replicas without which the master refuses writes.
  returned: success
  type: dict
  contains:
    wanted:
      description: How many must be in sync.
      type: int
    in_sync:
      description: Addresses of those that the master counts as in sync.
      type: list
      elements: str
servers:
  description: One entry for each server.
  returned: success
  type: list
  elements: dict
  contains:
    address:
      description: Address of the server.
      type: str
    answers:
      description: Whether it answers; when not, the entry ends with RV(servers[].version).
      type: bool
    healthy:
      description: Whether it does what its role asks and has caught up.
      type: bool
    reasons:
      description: Why it is not healthy, as sentences.
      type: list
      elements: str
    role:
      description: The role it says it has, V(master) or V(replica).
      type: str
    version:
      description: Version of the running server.
      type: str
    replication:
      description: >-
        Of a replica: C(master), C(link) (up or down), C(lag_bytes) (-1 when unknown), C(silent_seconds) since it heard
        of its master, C(copying) all data, C(priority) for promotion.
      type: dict
    memory:
      description: C(used_bytes), C(max_bytes) (0 is no limit), C(policy) at the limit, C(evicted_keys).
      type: dict
    clients:
      description: C(connected), C(max), C(blocked), C(rejected) since the start.
      type: dict
    persistence:
      description: >-
        C(loading), C(appendonly), C(append_status), C(rewrite_status) and C(snapshot_status) (ok or err),
        C(unsaved_changes) since the last snapshot.
      type: dict
sentinels:
  description: One entry for each Sentinel.
  returned: success
  type: list
  elements: dict
  contains:
    address:
      description: Address of the Sentinel.
      type: str
    answers:
      description: Whether it answers.
      type: bool
    healthy:
      description: Whether it watches a settled master, knows all others and agrees with them.
      type: bool
    reasons:
      description: Why it is not healthy, as sentences.
      type: list
      elements: str
    master:
      description: Address of the master as this Sentinel knows it.
      type: str
    agrees:
      description: Whether that is whom the Sentinels elected.
      type: bool
    quorum:
      description: Whether this Sentinel reaches enough others to authorise a failover.
      type: bool
    knows_others:
      description: How many other Sentinels it knows.
      type: int
    watches:
      description: Names of all masters it watches.
      type: list
      elements: str
    replicas:
      description: Addresses of the replicas of the master as this Sentinel knows them.
      type: list
      elements: str
reasons:
  description: All reasons of all entries; empty when everybody is as it should be.
  returned: success
  type: list
  elements: str
error:
  description:
    - The kind of failure, for who has to tell them apart, such as V(unreachable), V(not_trusted), V(not_authorised).
  returned: failure
  type: str
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.erpops.estate.plugins.module_utils.clients import guard
from ansible_collections.erpops.estate.plugins.module_utils.clients.errors import ClientError
from ansible_collections.erpops.estate.plugins.module_utils.health.redis_overview import overview
from ansible_collections.erpops.estate.plugins.module_utils.members.redis_cluster import RedisCluster
from ansible_collections.erpops.estate.plugins.module_utils.service.redis_connection import CLUSTER_SPEC, connection


def main() -> None:
    """Run the module."""
    module = AnsibleModule(argument_spec=CLUSTER_SPEC, supports_check_mode=True)
    guard.writes(allowed=False)
    try:
        cluster = RedisCluster(connection(module.params))
        sentinels = cluster.look_at_sentinels(closely=True)
        found = overview(cluster.master_name, cluster.look_at_servers(sentinels), sentinels)
    except ClientError as error:
        module.fail_json(**error.as_result())
    module.exit_json(changed=False, **found)


if __name__ == "__main__":
    main()
