# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: patroni_maintenance
short_description: Pause a Patroni cluster for a while, and let it go on
version_added: "0.1.0"
description:
  - In a pause nothing fails over by itself. So a pause is a lease, which has an owner, a reason and an end. The record
    is written before Patroni is paused and removed after Patroni goes on, so that whatever dies in between, what is
    left ends by itself (see M(erpops.estate.lease_keeper)).
  - The lease of somebody else is left alone until it expires, and the module fails with its owner, reason and end.
  - A pause that somebody set by hand, without a lease, gets one, or is ended.
author:
  - erpops.estate contributors (@erpops)
extends_documentation_fragment:
  - erpops.estate.attributes
  - erpops.estate.patroni
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
  state:
    description: Whether the cluster is to be paused or to go on.
    type: str
    choices: [paused, running]
    required: true
"""

EXAMPLES = r"""
- name: Nothing fails over while the switches are replaced
  erpops.estate.patroni_maintenance:
    state: paused
    owner: ada@bastion
    reason: switches are replaced
    minutes: 30
"""

RETURN = r"""
evidence:
  description: What the record of the run keeps of it, where the run is recorded.
  returned: success
  type: list
  elements: dict
paused:
  description: Whether the cluster is paused now, or in check mode would be.
  returned: success
  type: bool
actions:
  description: What was done, or in check mode would be done, in order.
  returned: success
  type: list
  elements: str
  sample: ["lease taken", "Patroni paused"]
lease:
  description: The lease that stood before, empty when there was none.
  returned: success
  type: dict
error:
  description:
    - The kind of failure, for who has to tell them apart, such as V(unreachable), V(not_trusted), V(not_authorised),
      V(no_quorum), V(conflict), V(timed_out).
  returned: failure
  type: str
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.erpops.estate.plugins.module_utils.clients import guard
from ansible_collections.erpops.estate.plugins.module_utils.clients.errors import ClientError
from ansible_collections.erpops.estate.plugins.module_utils.leases.maintenance import PatroniMaintenance
from ansible_collections.erpops.estate.plugins.module_utils.leases.state import Outcome
from ansible_collections.erpops.estate.plugins.module_utils.leases.store import STORE_SPEC, TAKING_SPEC, LeaseStore
from ansible_collections.erpops.estate.plugins.module_utils.members.patroni import CONNECTION_SPEC, WRITING, connect
from ansible_collections.erpops.estate.plugins.module_utils.service.connection import completed


def main() -> None:
    """Run the module."""
    module = AnsibleModule(
        argument_spec={
            **CONNECTION_SPEC,
            **STORE_SPEC,
            **TAKING_SPEC,
            "state": {"type": "str", "choices": ["paused", "running"], "required": True},
        },
        supports_check_mode=True,
    )
    guard.writes(allowed=not module.check_mode)
    params, dry = module.params, module.check_mode
    outcome = Outcome()
    try:
        cluster = connect(completed(params, "patroni", WRITING))
        maintenance = PatroniMaintenance(cluster, LeaseStore.of(params), outcome, dry=dry)
        if params["state"] == "paused":
            maintenance.take(params["owner"], params["reason"], params["minutes"])
        else:
            maintenance.give_back(params["owner"], force=params["force"])
    except ValueError as error:
        module.fail_json(msg=str(error), error="invalid", actions=outcome.actions)
    except ClientError as error:
        module.fail_json(actions=outcome.actions, **error.as_result())
    module.exit_json(**outcome.result("paused"))


if __name__ == "__main__":
    main()
