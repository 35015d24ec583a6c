# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: traefik_server
short_description: Take an application host out of the edges' service, and put it back
version_added: "0.1.0"
description:
  - Takes every URL of an application host out of the file that this edge routes by, or puts it back. The file is
    replaced at once as a whole, and what is drained stays in it as comments, which a run of the role C(traefik) keeps.
  - A drained host is a lease of each edge, with an owner, a reason and an end. The record is written before the file
    and removed after it, so that whatever dies in between, what is left ends by itself (see
    M(erpops.estate.lease_keeper)).
  - Returns when every edge that answers serves the new state, and when no request that this edge had sent there is
    unanswered. Put back, the host has to be up at every edge.
  - Each edge has a file of its own, so this is run on all edges in one task. On one alone it waits for the others in
    vain.
  - Refuses to drain the last host that is up.
  - Websockets are no requests that end. They stay until the host stops, and dial again; RV(websockets) counts them.
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
  server:
    description: The application host, by its name in the inventory or its address on the application plane.
    type: str
    required: true
  state:
    description: Whether it is to get no new requests, or to be in service.
    type: str
    choices: [drained, in_service]
    required: true
  timeout:
    description:
      - Seconds within which the edges have to serve the new state, and once more for the requests in flight to end.
      - A request of Odoo may take up to its C(limit_time_real), 120 seconds unless it was set otherwise.
    type: float
    default: 150
  peers:
    description: Whether to wait for the other edges, too.
    type: bool
    default: true
  out_host:
    description:
      - Name of the host whose way out of service the drain is part of (see M(erpops.estate.host_maintenance)). Where
        that host is not out any more, the drain is taken back by whatever looks for leases next.
    type: str
"""

EXAMPLES = r"""
- name: Send node2 nothing more
  hosts: edge
  tasks:
    - name: Drain it at every edge
      erpops.estate.traefik_server:
        server: node2
        state: drained
        owner: ada@bastion
        reason: new memory
        minutes: 30

- name: Have it back
  hosts: edge
  tasks:
    - name: Put it into service at every edge
      erpops.estate.traefik_server:
        server: node2
        state: in_service
        owner: ada@bastion
"""

RETURN = r"""
evidence:
  description: What the record of the run keeps of it, where the run is recorded.
  returned: success
  type: list
  elements: dict
drained:
  description: Whether it gets no new requests now, or in check mode would get none.
  returned: success
  type: bool
actions:
  description: What was done, or in check mode would be done, in order.
  returned: success
  type: list
  elements: str
  sample: ["lease taken", "server taken out of the file"]
lease:
  description: The lease that stood before, empty when there was none.
  returned: success
  type: dict
websockets:
  description: How many websockets this edge still holds open to it.
  returned: success
  type: int
silent:
  description: Why another edge did not answer. One that does not run serves nobody, so it is not waited for.
  returned: success
  type: list
  elements: str
error:
  description:
    - The kind of failure, for who has to tell them apart, such as V(refused) for the last host that is up,
      V(conflict) for the lease of somebody else, V(timed_out), V(unreachable), V(no_quorum).
  returned: failure
  type: str
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.erpops.estate.plugins.module_utils.clients import guard
from ansible_collections.erpops.estate.plugins.module_utils.clients.errors import ClientError
from ansible_collections.erpops.estate.plugins.module_utils.leases.server_drain import ServerDrain
from ansible_collections.erpops.estate.plugins.module_utils.leases.state import Outcome
from ansible_collections.erpops.estate.plugins.module_utils.leases.store import STORE_SPEC, TAKING_SPEC, LeaseStore
from ansible_collections.erpops.estate.plugins.module_utils.policy import leases
from ansible_collections.erpops.estate.plugins.module_utils.service.connection import recorded_connection
from ansible_collections.erpops.estate.plugins.module_utils.service.edge import EdgeOfHost

SPEC = {
    **STORE_SPEC,
    **TAKING_SPEC,
    "server": {"type": "str", "required": True},
    "state": {"type": "str", "choices": ["drained", "in_service"], "required": True},
    "timeout": {"type": "float", "default": 150},
    "peers": {"type": "bool", "default": True},
    "out_host": {"type": "str"},
}


def main() -> None:
    """Run the module."""
    module = AnsibleModule(argument_spec=SPEC, supports_check_mode=True)
    guard.writes(allowed=not module.check_mode)
    params, dry = module.params, module.check_mode
    wish, outcome, silent = params["state"] == "drained", Outcome(), list[str]()
    try:
        edge = EdgeOfHost(recorded_connection("traefik"))
        address = edge.address(params["server"])
        part_of = leases.part_of("host_out", params["out_host"]) if params["out_host"] else None
        drain = ServerDrain(edge, address, LeaseStore.of(params), outcome, dry=dry, part_of=part_of)
        before = edge.text()
        if wish:
            if not drain.is_set():
                edge.refuse_the_last(address)
            drain.take(params["owner"], params["reason"], params["minutes"])
        else:
            drain.give_back(params["owner"], force=params["force"])
        if not dry:
            silent = edge.wait_until_served(
                address, in_service=not wish, seconds=params["timeout"], peers=params["peers"]
            )
            if wish:
                edge.wait_until_quiet(address, seconds=params["timeout"])
        websockets = edge.websockets(address)
        after = drain.foreseen(wish)
    except ValueError as error:
        module.fail_json(msg=str(error), error="invalid", actions=outcome.actions)
    except ClientError as error:
        module.fail_json(actions=outcome.actions, **error.as_result())
    result = outcome.result("drained")
    file = {"before_header": edge.path, "after_header": edge.path, "before": before, "after": after}
    result["diff"] = [result["diff"], file]
    module.exit_json(**result, websockets=websockets, silent=silent)


if __name__ == "__main__":
    main()
