# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: lease_keeper
short_description: Keep the timer on a host that ends expired leases
version_added: "0.1.0"
description:
  - Installs a program that takes back what an expired lease had set and then removes the lease. It is an archive of the
    very files that this module itself consists of, so a host needs nothing but Python, and no rule stands twice.
  - Where anything was changed, or where the program failed the last time, it is run once. A host that cannot reach etcd
    is a failure here, not a surprise later.
author:
  - erpops.estate contributors (@erpops)
extends_documentation_fragment:
  - erpops.estate.attributes
  - erpops.estate.host_part
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
  idempotent:
    support: full
options:
  program:
    description: Where the program is to stand on the host.
    type: path
    default: /usr/local/lib/erpops/lease-keeper.pyz
  service:
    description: The unit that runs the program once.
    type: str
    default: erpops-leases.service
"""

EXAMPLES = r"""
- name: Keep the leases
  erpops.estate.lease_keeper:
    files:
      - path: /etc/erpops/leases/keeper.json
        content: "{{ lookup('ansible.builtin.template', 'keeper.json.j2') }}"
      - path: /etc/systemd/system/erpops-leases.service
        content: "{{ lookup('ansible.builtin.template', 'erpops-leases.service.j2') }}"
      - path: /etc/systemd/system/erpops-leases.timer
        content: "{{ lookup('ansible.builtin.template', 'erpops-leases.timer.j2') }}"
    timers: [erpops-leases.timer]
"""

RETURN = r"""
actions:
  description: What was done, or in check mode would be done, in order.
  returned: success
  type: list
  elements: str
  sample: ["wrote /usr/local/lib/erpops/lease-keeper.pyz", "enabled erpops-leases.timer"]
healthy:
  description: Whether the last run of the program did what it should.
  returned: success
  type: bool
units:
  description: The files of systemd that are kept on this host.
  returned: success
  type: list
  elements: str
  sample: ["/etc/systemd/system/erpops-leases.timer"]
error:
  description: The kind of failure, for who has to tell them apart, such as V(refused).
  returned: failure
  type: str
"""

from ansible_collections.erpops.estate.plugins.module_utils.clients import guard, timers
from ansible_collections.erpops.estate.plugins.module_utils.clients.errors import ClientError
from ansible_collections.erpops.estate.plugins.module_utils.leases import keeper
from ansible_collections.erpops.estate.plugins.module_utils.quiet import QuietModule
from ansible_collections.erpops.estate.plugins.module_utils.service.host_part import (
    HOST_PART_SPEC,
    converge_host,
    host_part,
    with_program,
)
from ansible_collections.erpops.estate.plugins.module_utils.service.program import archive


def main() -> None:
    """Run the module."""
    module = QuietModule(
        argument_spec={
            **HOST_PART_SPEC,
            "program": {"type": "path", "default": "/usr/local/lib/erpops/lease-keeper.pyz"},
            "service": {"type": "str", "default": "erpops-leases.service"},
        },
        supports_check_mode=True,
    )
    guard.writes(allowed=not module.check_mode)
    params = module.params
    try:
        part = with_program(host_part(params), params["program"], archive(keeper.__name__))
        outcome = converge_host(part, check=module.check_mode)
        healthy = not timers.failed(params["service"])
        if not module.check_mode and (outcome.actions or not healthy):
            timers.reload_files()
            timers.start_service(params["service"])
            healthy = True
    except ClientError as error:
        module.fail_json(**error.as_result())
    module.exit_json(
        changed=bool(outcome.actions),
        actions=outcome.actions,
        diff=outcome.diff,
        units=outcome.units,
        healthy=healthy,
    )


if __name__ == "__main__":
    main()
