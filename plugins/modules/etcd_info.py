# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: etcd_info
short_description: Tell how an etcd cluster is
version_added: "0.1.0"
description:
  - Asks every member itself and the cluster by its quorum, and judges each by the predicates that rolling work waits
    for.
  - A member that does not answer, a lost quorum or an alarm is a reason, not a failure of the module. It fails where no
    member answers.
author:
  - erpops.estate contributors (@erpops)
extends_documentation_fragment:
  - erpops.estate.attributes
  - erpops.estate.etcd
attributes:
  check_mode:
    support: full
  diff_mode:
    support: none
  idempotent:
    support: full
"""

EXAMPLES = r"""
- name: See the cluster
  erpops.estate.etcd_info:
  register: cluster

- name: Stop where something is not as it should be
  ansible.builtin.assert:
    that: cluster.ok
    fail_msg: "{{ cluster.reasons | join('; ') }}"
"""

RETURN = r"""
ok:
  description: Whether every declared member is there and healthy, nobody else is, and no alarm is raised.
  returned: success
  type: bool
reasons:
  description: Everything that is not as it should be, in sentences.
  returned: success
  type: list
  elements: str
leader:
  description: The member that leads, empty when those that answer do not agree on one.
  returned: success
  type: str
quorum:
  description: How many members the cluster has, how many of them have to agree, and how many answer.
  returned: success
  type: dict
  sample: {answering: 3, needed: 2, size: 3}
revision:
  description: The newest revision that a member knows.
  returned: success
  type: int
alarms:
  description: The alarms that are raised, such as V(NOSPACE).
  returned: success
  type: list
  elements: str
members:
  description:
    - Every member by name, those that were declared and those that were found. One that was added and never started has
      no name yet and stands under its first peer URL; it has no C(client_urls).
    - C(lag) is in raft entries behind the furthest member, -1 where it is not known; sizes are in bytes.
  returned: success
  type: dict
  sample:
    db1:
      client_urls: ["https://10.0.0.1:2379"]
      db_in_use_bytes: 98304
      db_size_bytes: 98304
      id: "13494466388937374898"
      lag: 0
      learner: false
      ok: true
      peer_urls: ["https://10.0.0.1:2380"]
      raft_term: 2
      reasons: []
      version: 3.5.16
error:
  description:
    - The kind of failure, for who has to tell them apart, such as V(unreachable), V(not_trusted), V(missing_file),
      V(timed_out).
  returned: failure
  type: str
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.erpops.estate.plugins.module_utils.clients import guard
from ansible_collections.erpops.estate.plugins.module_utils.clients.errors import ClientError
from ansible_collections.erpops.estate.plugins.module_utils.health import etcd as judge
from ansible_collections.erpops.estate.plugins.module_utils.members.etcd import CONNECTION_SPEC, NEEDED, connect, survey
from ansible_collections.erpops.estate.plugins.module_utils.service.connection import completed


def main() -> None:
    """Run the module."""
    module = AnsibleModule(argument_spec=dict(CONNECTION_SPEC), supports_check_mode=True)
    guard.writes(allowed=False)
    try:
        found = judge.report(survey(connect(completed(module.params, "etcd", NEEDED))))
    except ClientError as error:
        module.fail_json(**error.as_result())
    module.exit_json(changed=False, **found)


if __name__ == "__main__":
    main()
