# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: host_maintenance
short_description: Take a host out of service for a while, and put it back
version_added: "0.1.0"
description:
  - Out of service, every service of the estate on the host is stopped, from the users inwards, each after it has
    handed over what it leads and its cluster has said that it survives. The engine and SSH stay up, and the host
    stays a member of its clusters.
  - Where a quorum or the last healthy peer would go, the module fails with the reasons after it has started again
    what it had stopped.
  - It is a lease, which has an owner, a reason and an end. A host that nobody puts back comes back by itself when the
    lease has expired (see M(erpops.estate.lease_keeper)).
  - A run of the playbook C(site) refuses a host that is out, since it would start what was stopped on purpose.
author:
  - erpops.estate contributors (@erpops)
extends_documentation_fragment:
  - erpops.estate.attributes
  - erpops.estate.leases
  - erpops.estate.leases.taking
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
  idempotent:
    support: full
    details: The owner's lease is renewed when less than half of O(minutes) is left of it.
options:
  host:
    description: Name of this host in the inventory, by which its lease is called.
    type: str
    required: true
  state:
    description:
      - Where the host is to be.
      - V(announced) takes the lease and marks the host, but stops nothing yet. It is for who has something to do
        elsewhere first, such as a drain at the edges, and asks the gates before anything is touched.
    type: str
    choices: [out, announced, in]
    required: true
  gate_timeout:
    description: Seconds to wait for the gate of each service to open.
    type: float
    default: 60
  health_timeout:
    description: Seconds each service has to become healthy and catch up when it comes back.
    type: float
    default: 300
"""

EXAMPLES = r"""
- name: Take the host out for new memory
  erpops.estate.host_maintenance:
    host: "{{ inventory_hostname }}"
    state: out
    owner: ada@bastion
    reason: new memory
    minutes: 120
"""

RETURN = r"""
evidence:
  description: What the record of the run keeps of it, where the run is recorded.
  returned: success
  type: list
  elements: dict
out:
  description: Whether the host is out of service now, or in check mode would be.
  returned: success
  type: bool
actions:
  description: What was done, or in check mode would be done, in order; on a failure what was done until then.
  returned: always
  type: list
  elements: str
  sample: ["lease taken", "PostgreSQL leadership moved from node2 to node1", "stopped patroni", "stopped etcd"]
lease:
  description: The lease that stood before, empty when there was none.
  returned: success
  type: dict
error:
  description:
    - The kind of failure, for who has to tell them apart, such as V(refused) for a gate that did not open,
      V(conflict) for the lease of somebody else, V(timed_out), V(no_quorum).
  returned: failure
  type: str
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.erpops.estate.plugins.module_utils.clients import guard
from ansible_collections.erpops.estate.plugins.module_utils.clients.errors import ClientError
from ansible_collections.erpops.estate.plugins.module_utils.leases.host_out import HostOut, alone
from ansible_collections.erpops.estate.plugins.module_utils.leases.state import Outcome
from ansible_collections.erpops.estate.plugins.module_utils.leases.store import STORE_SPEC, TAKING_SPEC, LeaseStore
from ansible_collections.erpops.estate.plugins.module_utils.service.control import Control
from ansible_collections.erpops.estate.plugins.module_utils.service.overview import standing

SPEC = {
    **STORE_SPEC,
    **TAKING_SPEC,
    "host": {"type": "str", "required": True},
    "state": {"type": "str", "choices": ["out", "announced", "in"], "required": True},
    "gate_timeout": {"type": "float", "default": 60},
    "health_timeout": {"type": "float", "default": 300},
}


def main() -> None:
    """Run the module."""
    module = AnsibleModule(argument_spec=SPEC, supports_check_mode=True)
    guard.writes(allowed=not module.check_mode)
    params, dry, outcome = module.params, module.check_mode, Outcome()
    try:
        control = Control(standing(), params["gate_timeout"], params["health_timeout"], dry)
        host = HostOut(params["host"], control, LeaseStore.of(params), outcome, dry=dry)
        with alone(dry=dry):
            if params["state"] == "out":
                host.take(params["owner"], params["reason"], params["minutes"])
            elif params["state"] == "announced":
                host.announce(params["owner"], params["reason"], params["minutes"])
            else:
                host.give_back(params["owner"], force=params["force"])
    except ValueError as error:
        module.fail_json(msg=str(error), error="invalid", actions=outcome.actions)
    except ClientError as error:
        module.fail_json(actions=outcome.actions, **error.as_result())
    module.exit_json(**outcome.result("out"))


if __name__ == "__main__":
    main()
