#!/usr/bin/python
# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: odoo_scheduled_action
short_description: Pause scheduled actions of an Odoo instance and let them go on
version_added: "0.1.0"
description:
  - Pauses scheduled actions by name or by group, and returns when none of them runs any more. It works while no Odoo
    runs, too.
  - Which of them were active before is remembered in the instance's database; those that were not stay so afterwards.
  - A pause is a lease with an owner, a reason and an end. What nobody takes back goes on by itself when it expires.
  - An instance has one such lease. Its owner may pause more under it.
extends_documentation_fragment:
  - erpops.estate.attributes
  - erpops.estate.odoo
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
    description: Whether the actions are to be paused or to go on.
    type: str
    choices: [paused, running]
    required: true
  actions:
    description:
      - The scheduled actions, by external id or by name. C(*) stands for any characters, so V(mail.*) is the group of
        the module C(mail), and V(*) are all.
    type: list
    elements: str
    default: ["*"]
  wait:
    description: Seconds, from 1 to 3600, that each action gets to end where it runs.
    type: int
    default: 300
author:
  - erpops.estate contributors (@erpops)
"""

EXAMPLES = r"""
- name: No mail leaves north while addresses are corrected
  erpops.estate.odoo_scheduled_action:
    name: north
    state: paused
    actions: [mail.*, sms.*, "Digest Emails"]
    owner: ada@bastion
    reason: addresses are corrected
    minutes: 30
  run_once: true

- name: Let everything go on
  erpops.estate.odoo_scheduled_action:
    name: north
    state: running
    owner: ada@bastion
  run_once: true
"""

RETURN = r"""
evidence:
  description: What the record of the run keeps of it, where the run is recorded.
  returned: success
  type: list
  elements: dict
actions:
  description: What was done, or in check mode would be done, in order.
  returned: success
  type: list
  elements: str
  sample: ["lease taken", "scheduled action Digest Emails: paused"]
paused:
  description: Names of the actions that are paused now.
  returned: success
  type: list
  elements: str
lease:
  description: The lease that stood before, empty when there was none.
  returned: success
  type: dict
error:
  description: The kind of failure, for who has to tell them apart, such as V(conflict) or V(timed_out).
  returned: failure
  type: str
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.erpops.estate.plugins.module_utils.clients import guard
from ansible_collections.erpops.estate.plugins.module_utils.clients.errors import ClientError
from ansible_collections.erpops.estate.plugins.module_utils.clients.odoo_host import HOST_SPEC, OdooHost
from ansible_collections.erpops.estate.plugins.module_utils.leases.scheduled_actions import ScheduledActions
from ansible_collections.erpops.estate.plugins.module_utils.leases.state import Outcome
from ansible_collections.erpops.estate.plugins.module_utils.leases.store import STORE_SPEC, TAKING_SPEC, LeaseStore


def main() -> None:
    """Run the module."""
    module = AnsibleModule(
        argument_spec={
            **HOST_SPEC,
            **STORE_SPEC,
            **TAKING_SPEC,
            "state": {"type": "str", "choices": ["paused", "running"], "required": True},
            "actions": {"type": "list", "elements": "str", "default": ["*"]},
            "wait": {"type": "int", "default": 300},
        },
        supports_check_mode=True,
    )
    guard.writes(allowed=not module.check_mode)
    params, dry = module.params, module.check_mode
    outcome = Outcome()
    try:
        if not 1 <= params["wait"] <= 3600:
            raise ValueError(f"wait: expected 1 to 3600 seconds, found {params['wait']}")
        host = OdooHost(params["name"], params["directory"])
        with host.database() as database:
            store = LeaseStore.of(params)
            asked = {"patterns": params["actions"], "wait": params["wait"], "dry": dry}
            actions = ScheduledActions(host.name, database, store, outcome, **asked)
            if params["state"] == "paused":
                actions.take(params["owner"], params["reason"], params["minutes"])
            else:
                actions.give_back(params["owner"], force=params["force"])
            paused = [action.name for action in actions.paused()]
    except ValueError as error:
        module.fail_json(msg=str(error), error="invalid", actions=outcome.actions)
    except ClientError as error:
        module.fail_json(actions=outcome.actions, **error.as_result())
    module.exit_json(**{**outcome.result("paused"), "paused": paused})


if __name__ == "__main__":
    main()
