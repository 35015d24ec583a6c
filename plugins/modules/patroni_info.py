# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: patroni_info
short_description: Tell how a Patroni cluster is
version_added: "0.1.0"
description:
  - Asks the cluster's store and every member itself, and judges each by the predicates that rolling work waits for.
  - A member that does not answer, is missing or was never declared is a reason, not a failure of the module. It fails
    where no member answers.
author:
  - erpops.estate contributors (@erpops)
extends_documentation_fragment:
  - erpops.estate.attributes
  - erpops.estate.patroni
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
  erpops.estate.patroni_info:
  register: cluster

- name: Stop where something is not as it should be
  ansible.builtin.assert:
    that: cluster.ok
    fail_msg: "{{ cluster.reasons | join('; ') }}"
"""

RETURN = r"""
ok:
  description: Whether every declared member is there and healthy, and nobody else is.
  returned: success
  type: bool
reasons:
  description: Everything that is not as it should be, in sentences.
  returned: success
  type: list
  elements: str
leader:
  description: The member that leads, empty when none does.
  returned: success
  type: str
timeline:
  description: Timeline of the leader.
  returned: success
  type: int
paused:
  description: Whether Patroni is paused, so that nothing fails over by itself.
  returned: success
  type: bool
pending_restart:
  description: Members that wait for a restart, the leader last.
  returned: success
  type: list
  elements: str
members:
  description: Every member by name, those that were declared and those that were found.
  returned: success
  type: dict
  sample:
    db1:
      lag_bytes: 0
      ok: true
      patroni_version: 4.0.7
      pending_reasons: {}
      pending_restart: false
      reasons: []
      role: quorum_standby
      started: "2026-11-23 01:21:35.717195+00:00"
      state: streaming
      tags: {}
      timeline: 1
      version: "17.12"
config:
  description: The dynamic configuration, as the cluster's store has it.
  returned: success
  type: dict
error:
  description:
    - The kind of failure, for who has to tell them apart, such as V(unreachable), V(not_trusted), V(not_authorised),
      V(timed_out).
  returned: failure
  type: str
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.erpops.estate.plugins.module_utils.clients import guard
from ansible_collections.erpops.estate.plugins.module_utils.clients.errors import ClientError
from ansible_collections.erpops.estate.plugins.module_utils.health import patroni as judge
from ansible_collections.erpops.estate.plugins.module_utils.members.patroni import (
    CONNECTION_SPEC,
    READING,
    connect,
    look,
)
from ansible_collections.erpops.estate.plugins.module_utils.service.connection import completed


def main() -> None:
    """Run the module."""
    module = AnsibleModule(argument_spec=dict(CONNECTION_SPEC), supports_check_mode=True)
    guard.writes(allowed=False)
    try:
        params = completed(module.params, "patroni", READING)
        cluster = connect({**params, "password_file": None})
        found = judge.report(look(cluster), cluster.names)
        found["config"] = cluster.ask(lambda member: member.config())
    except ClientError as error:
        module.fail_json(**error.as_result())
    module.exit_json(changed=False, **found)


if __name__ == "__main__":
    main()
