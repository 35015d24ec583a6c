# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: lease_info
short_description: Tell which maintenance states an estate has, whose they are and when they end
version_added: "0.1.0"
description:
  - Reads the leases from the estate's etcd. One that has expired and still stands was not taken back yet.
author:
  - erpops.estate contributors (@erpops)
extends_documentation_fragment:
  - erpops.estate.attributes
  - erpops.estate.leases
attributes:
  check_mode:
    support: full
  diff_mode:
    support: none
  idempotent:
    support: full
"""

EXAMPLES = r"""
- name: See who keeps what out of service
  erpops.estate.lease_info:
"""

RETURN = r"""
leases:
  description: All leases, by kind and name.
  returned: success
  type: list
  elements: dict
  sample:
    - details: {}
      ending_since: null
      expired: false
      expires_at: "2026-11-23T14:30:00+00:00"
      host: ""
      kind: patroni_pause
      name: production
      owner: ada@bastion
      reason: switches are replaced
      seconds_left: 1740
      taken_at: "2026-11-23T14:00:00+00:00"
broken:
  description: What stands among the leases and is none, in sentences.
  returned: success
  type: list
  elements: str
error:
  description:
    - The kind of failure, for who has to tell them apart, such as V(unreachable), V(not_trusted), V(missing_file),
      V(no_quorum), V(timed_out).
  returned: failure
  type: str
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.erpops.estate.plugins.module_utils.clients import guard
from ansible_collections.erpops.estate.plugins.module_utils.clients.errors import ClientError
from ansible_collections.erpops.estate.plugins.module_utils.leases.store import STORE_SPEC, LeaseStore
from ansible_collections.erpops.estate.plugins.module_utils.policy import leases


def main() -> None:
    """Run the module."""
    module = AnsibleModule(argument_spec=dict(STORE_SPEC), supports_check_mode=True)
    guard.writes(allowed=False)
    try:
        store = LeaseStore.of(module.params)
        contents = store.all()
    except ClientError as error:
        module.fail_json(**error.as_result())
    now = store.now()
    shown = [leases.seen(held.lease, now) for held in contents.held]
    module.exit_json(changed=False, leases=shown, broken=list(contents.broken))


if __name__ == "__main__":
    main()
