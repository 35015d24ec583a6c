# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: rolling_gate
short_description: Ask whether a node may go down, or has caught up
version_added: "0.1.0"
description:
  - Before a node is touched, asks whether the cluster of each service survives losing its member on this host now.
  - After it was touched, asks whether the member is healthy and has caught up.
  - Waits until the answer is yes. Fails with all reasons when it still is no at the end of O(timeout).
  - Reads only. It hands no leadership over; M(erpops.estate.service) does when it replaces a container.
author:
  - erpops.estate contributors (@erpops)
extends_documentation_fragment:
  - erpops.estate.attributes
attributes:
  check_mode:
    support: full
  diff_mode:
    support: none
  idempotent:
    support: full
options:
  services:
    description: Names of services that this host has a record of. Left out, all of them.
    type: list
    elements: str
    default: []
  phase:
    description: V(before) the node goes down, or V(after) it came back.
    type: str
    choices: [before, after]
    required: true
  timeout:
    description: Seconds to wait for all services together; V(0) asks once.
    type: float
    default: 60
"""

EXAMPLES = r"""
- name: Refuse to go on where PostgreSQL or etcd would lose its quorum
  erpops.estate.rolling_gate:
    services: [etcd, patroni]
    phase: before

- name: Wait until this host has caught up
  erpops.estate.rolling_gate:
    phase: after
    timeout: 300
"""

RETURN = r"""
evidence:
  description: What the record of the run keeps of it, where the run is recorded.
  returned: success
  type: list
  elements: dict
verdicts:
  description: The last answer for each service, with C(ok), C(reasons) (sentences) and C(facts).
  returned: when the services are known
  type: dict
  sample:
    etcd:
      ok: false
      reasons: ["etcd without node1: expected at least 2 of 3 members to answer, found 1 (node2)"]
      facts: {}
error:
  description:
    - The kind of failure, for who has to tell them apart, such as V(refused) for a gate that did not open or a
      service that this host has no record of, V(unreachable), V(invalid).
  returned: failure
  type: str
"""

import time

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.erpops.estate.plugins.module_utils.clients import guard
from ansible_collections.erpops.estate.plugins.module_utils.clients.errors import ClientError
from ansible_collections.erpops.estate.plugins.module_utils.evidence.declared import check
from ansible_collections.erpops.estate.plugins.module_utils.service.overview import gate, services

ARGUMENT_SPEC = {
    "services": {"type": "list", "elements": "str", "default": []},
    "phase": {"type": "str", "choices": ["before", "after"], "required": True},
    "timeout": {"type": "float", "default": 60},
}
# What a verdict is about, for the record of the run.
ASKED = {"before": "may leave", "after": "has caught up"}


def main() -> None:
    """Run the module."""
    module = AnsibleModule(argument_spec=ARGUMENT_SPEC, supports_check_mode=True)
    guard.writes(allowed=False)
    params = module.params
    deadline = time.monotonic() + params["timeout"]
    try:
        found = services(params["services"])
        verdicts = {
            service.name: gate(service, params["phase"], max(0.0, deadline - time.monotonic())) for service in found
        }
    except ClientError as error:
        module.fail_json(**error.as_result())
    except ValueError as error:
        module.fail_json(msg=str(error), error="invalid")
    shown = {name: verdict.as_dict() for name, verdict in verdicts.items()}
    evidence = [
        check(f"{name}: {ASKED[params['phase']]}", ok=verdict.ok, details=verdict.reasons)
        for name, verdict in verdicts.items()
    ]
    reasons = [reason for verdict in verdicts.values() if not verdict.ok for reason in verdict.reasons]
    if reasons:
        asked = "may not leave" if params["phase"] == "before" else "has not caught up"
        closed = ", ".join(name for name, verdict in verdicts.items() if not verdict.ok)
        message = f"{closed} {asked} after {params['timeout']:.0f} s: {'; '.join(reasons)}"
        module.fail_json(msg=message, error="refused", verdicts=shown, evidence=evidence)
    module.exit_json(changed=False, verdicts=shown, evidence=evidence)


if __name__ == "__main__":
    main()
