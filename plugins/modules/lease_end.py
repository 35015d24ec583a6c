# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: lease_end
short_description: Take back maintenance states, whatever their kind
version_added: "0.1.0"
description:
  - Takes back what leases have set, through the daemons' own means, and then removes the leases. These are the leases
    that have expired, those that are part of what does not stand any more and, with O(owner), those of this owner. So a
    run that begins, or ends, leaves nothing of its own behind.
  - What this host has no means to take back is named in RV(waiting); the timer on another host does, once it has
    expired.
author:
  - erpops.estate contributors (@erpops)
extends_documentation_fragment:
  - erpops.estate.attributes
  - erpops.estate.leases
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
  idempotent:
    support: full
options:
  owner:
    description: End the leases of this owner before they expire.
    type: str
    default: ""
  kind:
    description: Only leases of this kind, such as V(patroni_pause).
    type: str
  name:
    description: Only leases on the thing of this name.
    type: str
  force:
    description: End the leases of anybody else, too; O(kind) and O(name) have to be said then.
    type: bool
    default: false
  abandon:
    description:
      - Remove the record alone, and take nothing back. For the lease of a host that will not be back, which only that
        host could end; O(kind) and O(name) have to be said, and O(owner) or O(force).
      - A lease that this host can take back itself is not abandoned.
    type: bool
    default: false
"""

EXAMPLES = r"""
- name: Take back what an earlier run has left behind
  erpops.estate.lease_end:
    owner: nightly-patch@bastion

- name: End the pause of somebody who has left for the day
  erpops.estate.lease_end:
    kind: patroni_pause
    name: production
    force: true

- name: Forget that a host is out which has burnt down
  erpops.estate.lease_end:
    kind: host_out
    name: node2
    force: true
    abandon: true
"""

RETURN = r"""
ended:
  description: What was ended, or in check mode would be, in sentences.
  returned: success
  type: list
  elements: str
waiting:
  description: Leases that are to end and that this host cannot end.
  returned: success
  type: list
  elements: str
error:
  description:
    - The kind of failure, for who has to tell them apart, such as V(unreachable), V(not_trusted), V(no_quorum),
      V(invalid), V(timed_out), or V(failed) where a lease could not be taken back.
  returned: failure
  type: str
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.erpops.estate.plugins.module_utils.clients import guard
from ansible_collections.erpops.estate.plugins.module_utils.clients.errors import ClientError
from ansible_collections.erpops.estate.plugins.module_utils.leases.keeper import Keeper
from ansible_collections.erpops.estate.plugins.module_utils.leases.store import STORE_SPEC, LeaseStore, configuration
from ansible_collections.erpops.estate.plugins.module_utils.policy import leases
from ansible_collections.erpops.estate.plugins.module_utils.policy.shown import steps


def main() -> None:
    """Run the module."""
    module = AnsibleModule(
        argument_spec={
            **STORE_SPEC,
            "owner": {"type": "str", "default": ""},
            "kind": {"type": "str"},
            "name": {"type": "str"},
            "force": {"type": "bool", "default": False},
            "abandon": {"type": "bool", "default": False},
        },
        supports_check_mode=True,
    )
    guard.writes(allowed=not module.check_mode)
    params = module.params
    grave = [option for option in ("force", "abandon") if params[option]]
    if grave and not (params["kind"] and params["name"]):
        message = f"{grave[0]}: expected kind and name to be said too, found that they are not"
        module.fail_json(msg=message, error="invalid")
    try:
        store = LeaseStore.of(params)
        wish = leases.Ending(params["owner"], params["kind"], params["name"], force=params["force"])
        keeper = Keeper(store, str(configuration()["host"]))
        if params["abandon"]:
            sweep = keeper.abandon(wish, dry=module.check_mode)
        elif module.check_mode:
            found, sweep = keeper.due(wish)
            sweep.ended = [f"would end {held.lease}" for held in found]
        else:
            sweep = keeper.sweep(wish)
    except ClientError as error:
        module.fail_json(**error.as_result())
    result = {"changed": bool(sweep.ended), "ended": sweep.ended, "waiting": sweep.waiting, "diff": steps(sweep.ended)}
    if sweep.failed:
        module.fail_json(msg="; ".join(sweep.failed), error="failed", **result)
    module.exit_json(**result)


if __name__ == "__main__":
    main()
