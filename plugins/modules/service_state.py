# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: service_state
short_description: Stop, start or restart services of a host behind their gates
version_added: "0.1.0"
description:
  - Acts on services as they are, without changing what they should be; for that there is M(erpops.estate.service).
  - Before a member that runs is stopped, it hands over what it leads, then its cluster is asked whether it survives
    losing it. A refusal fails the module, after what it had already stopped was started again.
  - A service that was started has to be healthy and to have caught up before the next one is touched.
  - Several services go down from the users inwards (virtual address, edge, Odoo, PostgreSQL, Redis, etcd) and come
    back the other way.
  - Run it on one host of a cluster at a time (C(serial) or C(throttle)).
  - On a host that was taken out of service nothing is started; for that there is M(erpops.estate.host_maintenance).
author:
  - erpops.estate contributors (@erpops)
extends_documentation_fragment:
  - erpops.estate.attributes
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
  idempotent:
    support: partial
    details: V(restarted) restarts every time.
options:
  services:
    description: Names of services that this host has a record of. Left out, all of them.
    type: list
    elements: str
    default: []
  state:
    description: What they should be, or V(restarted).
    type: str
    choices: [started, stopped, restarted]
    required: true
  gate_timeout:
    description: Seconds to wait for the gate of each service to open.
    type: float
    default: 60
  health_timeout:
    description: Seconds each service has to become healthy and catch up.
    type: float
    default: 180
"""

EXAMPLES = r"""
- name: Restart the edges, one after the other
  hosts: edge
  serial: 1
  become: true
  tasks:
    - name: Restart Traefik
      erpops.estate.service_state:
        services: [traefik]
        state: restarted
"""

RETURN = r"""
evidence:
  description: What the record of the run keeps of it, where the run is recorded.
  returned: success
  type: list
  elements: dict
services:
  description: Names of the services that were stopped or started, in that order.
  returned: success
  type: list
  elements: str
actions:
  description: What was done, or in check mode would be, in order; on a failure what was done until then.
  returned: always
  type: list
  elements: str
  sample: ["PostgreSQL leadership moved from node1 to node2", "stopped patroni", "started patroni"]
error:
  description:
    - The kind of failure, for who has to tell them apart, such as V(refused) for a gate that did not open,
      V(timed_out) for a service that did not get well, V(unreachable).
  returned: failure
  type: str
"""

from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.erpops.estate.plugins.module_utils.clients import guard
from ansible_collections.erpops.estate.plugins.module_utils.clients.errors import ClientError
from ansible_collections.erpops.estate.plugins.module_utils.evidence.declared import change, check
from ansible_collections.erpops.estate.plugins.module_utils.leases.host_out import refuse_where_out
from ansible_collections.erpops.estate.plugins.module_utils.policy.shown import Difference
from ansible_collections.erpops.estate.plugins.module_utils.service.control import Control
from ansible_collections.erpops.estate.plugins.module_utils.service.overview import services

ARGUMENT_SPEC = {
    "services": {"type": "list", "elements": "str", "default": []},
    "state": {"type": "str", "choices": ["started", "stopped", "restarted"], "required": True},
    "gate_timeout": {"type": "float", "default": 60},
    "health_timeout": {"type": "float", "default": 180},
}


def seen(state: str, names: list[str]) -> list[dict[str, Any]]:
    """Return for the record of the run what became of the services; what runs was seen healthy."""
    if state == "stopped":
        return [piece for name in names for piece in change(name, "running", "stopped")]
    return [check(name, ok=True, details=[f"{state}, and healthy"]) for name in names]


def main() -> None:
    """Run the module."""
    module = AnsibleModule(argument_spec=ARGUMENT_SPEC, supports_check_mode=True)
    guard.writes(allowed=not module.check_mode)
    params = module.params
    actions: list[str] = []
    try:
        if params["state"] != "stopped":
            refuse_where_out()
        control = Control(
            services(params["services"]), params["gate_timeout"], params["health_timeout"], module.check_mode, actions
        )
        act = {"started": control.start, "stopped": control.stop, "restarted": control.restart}[params["state"]]
        touched = act()
    except ClientError as error:
        module.fail_json(actions=actions, **error.as_result())
    except ValueError as error:
        module.fail_json(msg=str(error), error="invalid", actions=actions)
    difference = Difference()
    for name in touched:
        difference.add(name, {"started": "stopped", "stopped": "running"}.get(params["state"]), params["state"])
    result = {"services": touched, "actions": actions, "diff": difference.as_dict()}
    module.exit_json(changed=bool(touched), evidence=seen(params["state"], touched), **result)


if __name__ == "__main__":
    main()
