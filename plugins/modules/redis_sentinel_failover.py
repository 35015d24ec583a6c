# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: redis_sentinel_failover
short_description: Hand the role of Redis' master to a replica
version_added: "0.1.0"
description:
  - Has Sentinel promote a replica. Writes are held meanwhile, for about a second, and released only when the old
    master is a replica, so that no write that was acknowledged is lost.
  - Returns when the new master takes writes and everybody follows it in sync.
  - Refuses with all reasons where no failover could be authorised, where the master is not settled, or where the new
    master would have too few replicas to take writes.
  - Sentinel takes no name. It goes by C(replica-priority), what each replica has received, and the run id. So
    O(candidate) can be had when one of the Sentinels would choose it anyway, and is refused otherwise; priorities are
    not touched. Of several replicas of equal priority that have received the same it is always the one with the lower
    run id, RV(ignore:successors) of M(erpops.estate.redis_sentinel_info) names it.
author:
  - erpops.estate contributors (@erpops)
extends_documentation_fragment:
  - erpops.estate.attributes
  - erpops.estate.redis_cluster
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
  idempotent:
    support: partial
    details: With O(candidate) or O(away_from). With neither each run hands over once more.
options:
  candidate:
    description: Address of the server that should be the master. Nothing is done when it already is.
    type: str
  away_from:
    description: Address of a server that should not be the master, whoever else is. Nothing is done when it is not.
    type: str
"""

EXAMPLES = r"""
- name: Have the master elsewhere before this host goes down
  erpops.estate.redis_sentinel_failover:
    away_from: "{{ estate_data_address }}"

- name: Make a chosen server the master
  erpops.estate.redis_sentinel_failover:
    candidate: 192.0.2.12
"""

RETURN = r"""
evidence:
  description: What the record of the run keeps of it, where the run is recorded.
  returned: success
  type: list
  elements: dict
old_master:
  description: Address of the master before.
  returned: success
  type: str
  sample: 192.0.2.11
master:
  description: Address of the master afterwards. In check mode the one that Sentinel would choose now.
  returned: success
  type: str
  sample: 192.0.2.12
held_seconds:
  description: For how long writes were held.
  returned: when a failover was made
  type: float
  sample: 0.74
error:
  description: >-
    What kind of failure it was, such as V(no_quorum), V(no_candidate), V(unreachable), V(not_trusted),
    V(not_authorised), V(timed_out).
  returned: failure
  type: str
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.erpops.estate.plugins.module_utils.clients import guard
from ansible_collections.erpops.estate.plugins.module_utils.clients.errors import ClientError
from ansible_collections.erpops.estate.plugins.module_utils.evidence.declared import moved
from ansible_collections.erpops.estate.plugins.module_utils.members.redis_cluster import RedisCluster
from ansible_collections.erpops.estate.plugins.module_utils.members.redis_failover import carry_out, plan
from ansible_collections.erpops.estate.plugins.module_utils.service.redis_connection import CLUSTER_SPEC, connection


def main() -> None:
    """Run the module."""
    module = AnsibleModule(
        argument_spec={**CLUSTER_SPEC, "candidate": {"type": "str"}, "away_from": {"type": "str"}},
        mutually_exclusive=[("candidate", "away_from")],
        supports_check_mode=True,
    )
    guard.writes(allowed=not module.check_mode)
    params = module.params
    candidate = params["candidate"] or ""
    try:
        cluster = RedisCluster(connection(params))
        wanted = plan(cluster, candidate=candidate, away_from=params["away_from"] or "")
        result = {"master": wanted.successor or wanted.master}
        if wanted.successor and not module.check_mode:
            result = carry_out(cluster, wanted, candidate=candidate)
    except ClientError as error:
        module.fail_json(**error.as_result())
    diff = {"before": f"master: {wanted.master}\n", "after": f"master: {result['master']}\n"}
    evidence = moved("Redis master", wanted.master, result["master"]) if wanted.successor else []
    module.exit_json(changed=bool(wanted.successor), old_master=wanted.master, diff=diff, evidence=evidence, **result)


if __name__ == "__main__":
    main()
