# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: patroni_switchover
short_description: Move PostgreSQL's leadership to another member
version_added: "0.1.0"
description:
  - Hands leadership over to O(candidate), or to the standby that is furthest, and returns when the new leader takes
    writes and the old one streams from it again.
  - Only a standby of the quorum that has caught up may take over. Where there is none, or O(candidate) is none, the
    module fails with the reasons of every member and touches nothing.
author:
  - erpops.estate contributors (@erpops)
extends_documentation_fragment:
  - erpops.estate.attributes
  - erpops.estate.patroni
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
  idempotent:
    support: partial
    details: With O(candidate) or O(away_from). With neither, leadership moves each time.
options:
  candidate:
    description: The member that is to lead. Nothing is done where it leads already.
    type: str
  away_from:
    description: Move leadership only while this member has it.
    type: str
  timeout:
    description:
      - Seconds, from 5 to 3600, until the new leader takes writes and the old one streams. Most of it is the old
        leader's stop, with its checkpoint and the WAL it still has to archive.
    type: int
    default: 300
"""

EXAMPLES = r"""
- name: Let db2 lead
  erpops.estate.patroni_switchover:
    candidate: db2

- name: Let anybody but this host lead
  erpops.estate.patroni_switchover:
    away_from: "{{ inventory_hostname }}"
"""

RETURN = r"""
evidence:
  description: What the record of the run keeps of it, where the run is recorded.
  returned: success
  type: list
  elements: dict
previous:
  description: The member that led before.
  returned: success
  type: str
leader:
  description: The member that leads now, or in check mode would.
  returned: success
  type: str
actions:
  description: What was done.
  returned: success
  type: list
  elements: str
  sample: ["PostgreSQL leadership moved from db1 to db2"]
seconds:
  description: Seconds from the request until the old leader streamed again. Writes wait for a part of it only.
  returned: success
  type: float
error:
  description:
    - The kind of failure, for who has to tell them apart, such as V(unreachable), V(not_trusted), V(not_authorised),
      V(timed_out), V(no_candidate), V(lag_too_high), V(invalid).
  returned: failure
  type: str
"""

import time

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.erpops.estate.plugins.module_utils.clients import guard
from ansible_collections.erpops.estate.plugins.module_utils.clients.errors import ClientError
from ansible_collections.erpops.estate.plugins.module_utils.evidence.declared import moved
from ansible_collections.erpops.estate.plugins.module_utils.members.patroni import (
    CONNECTION_SPEC,
    WRITING,
    connect,
    hand_over,
    plan_switchover,
)
from ansible_collections.erpops.estate.plugins.module_utils.service.connection import completed

LEAST_TIMEOUT = 5
MOST_TIMEOUT = 3600


def main() -> None:
    """Run the module."""
    module = AnsibleModule(
        argument_spec={
            **CONNECTION_SPEC,
            "candidate": {"type": "str"},
            "away_from": {"type": "str"},
            "timeout": {"type": "int", "default": 300},
        },
        supports_check_mode=True,
    )
    guard.writes(allowed=not module.check_mode)
    params = module.params
    if not LEAST_TIMEOUT <= params["timeout"] <= MOST_TIMEOUT:
        message = f"timeout: expected {LEAST_TIMEOUT} to {MOST_TIMEOUT} s, found {params['timeout']}"
        module.fail_json(msg=message, error="invalid")
    actions: list[str] = []
    start = time.monotonic()
    try:
        cluster = connect(completed(params, "patroni", WRITING))
        plan = plan_switchover(cluster, candidate=params["candidate"], away_from=params["away_from"])
        if plan.candidate and not module.check_mode:
            actions = hand_over(cluster, plan.leader, plan.candidate, params["timeout"])
    except ClientError as error:
        module.fail_json(**error.as_result())
    leader = plan.candidate or plan.leader
    module.exit_json(
        changed=bool(plan.candidate),
        previous=plan.leader,
        leader=leader,
        actions=actions,
        seconds=round(time.monotonic() - start, 2) if actions else 0.0,
        evidence=moved("PostgreSQL leader", plan.leader, leader) if plan.candidate else [],
        diff={"before": {"leader": plan.leader}, "after": {"leader": leader}},
    )


if __name__ == "__main__":
    main()
