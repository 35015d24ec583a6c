# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: patroni_restart
short_description: Carry out pending restarts of PostgreSQL in order
version_added: "0.1.0"
description:
  - Restarts members that wait for a restart. Replicas first, one at a time, each only while another standby of
    the quorum has caught up, and the next only after the one before has caught up again. Then the leader hands
    over by a switchover, which restarts it on the way.
  - Where a parameter that a standby may not have lower than its leader was lowered, the leader restarts in
    place, first.
  - Members that wait for nothing are left alone.
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
options:
  timeout:
    description: Seconds that each step may take, catching up included.
    type: int
    default: 600
"""

EXAMPLES = r"""
- name: Carry out pending restarts
  erpops.estate.patroni_restart:
    members: {db1: 10.0.0.1, db2: 10.0.0.2, db3: 10.0.0.3}
    ca_file: /etc/erpops/tls/ca.crt
    username: patroni
    password_file: /etc/erpops/patroni/rest.password
"""

RETURN = r"""
waiting:
  description: Members that waited for a restart, the leader last.
  returned: success
  type: list
  elements: str
actions:
  description: What was done, in order.
  returned: success
  type: list
  elements: str
  sample: ["PostgreSQL restarted on db2", "PostgreSQL leadership moved from db1 to db2"]
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.erpops.estate.plugins.module_utils.clients.errors import ClientError
from ansible_collections.erpops.estate.plugins.module_utils.health import patroni as judge
from ansible_collections.erpops.estate.plugins.module_utils.members.patroni import CONNECTION_SPEC, connect, look
from ansible_collections.erpops.estate.plugins.module_utils.members.patroni_restart import Restarter


def main() -> None:
    """Run the module."""
    module = AnsibleModule(
        argument_spec={**CONNECTION_SPEC, "timeout": {"type": "int", "default": 600}}, supports_check_mode=True
    )
    params = module.params
    actions: list[str] = []
    try:
        cluster = connect(params, first=params["member"])
        restarter = Restarter(cluster, params["timeout"], actions)
        waiting = judge.pending(look(cluster))
        if waiting and not module.check_mode:
            restarter.run()
    except ClientError as error:
        module.fail_json(msg=str(error), actions=actions)
    module.exit_json(changed=bool(waiting), waiting=waiting, actions=actions)


if __name__ == "__main__":
    main()
