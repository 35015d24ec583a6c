# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: service_info
short_description: Ask the estate's services on a host how they are
version_added: "0.1.0"
description:
  - Asks every service that M(erpops.estate.service) or M(erpops.estate.host_service) runs on this host, or those
    that are named, by the same predicates that guard a replacement.
  - A service that does not answer is no failure of the module but a row with the reason.
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
    description: Names of services. Left out, all that this host has a record of.
    type: list
    elements: str
    default: []
"""

EXAMPLES = r"""
- name: Ask what runs on this host
  erpops.estate.service_info:
  register: host

- name: Name what is ill
  ansible.builtin.debug:
    msg: "{{ host.services | rejectattr('health.ok') | map(attribute='service') }}"
"""

RETURN = r"""
services:
  description: One entry for each service, sorted by name.
  returned: success
  type: list
  elements: dict
  contains:
    service:
      description: Name of the container or unit.
      type: str
      sample: odoo_north_web
    kind:
      description: Kind of the health predicate; empty for a service that has none.
      type: str
      sample: patroni
    image:
      description: Image with its digest, or the package of a unit.
      type: str
    version:
      description: Version that the daemon tells, else the one its image or package carries.
      type: str
    running:
      description: Whether the container or unit runs.
      type: bool
    leads:
      description: Whether the member leads, has the virtual address, or serves users who could be served elsewhere.
      type: bool
    role:
      description: What the member is to its cluster now, such as leader, replica, master or edge.
      type: str
    health:
      description: The verdict, with C(ok), C(reasons) (sentences) and C(facts).
      type: dict
out_of_service:
  description: Whether the host was taken out of service, so that what is stopped there is so on purpose.
  returned: success
  type: bool
error:
  description:
    - The kind of failure, for who has to tell them apart, such as V(refused) for a service that this host has no
      record of.
  returned: failure
  type: str
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.erpops.estate.plugins.module_utils.clients import guard
from ansible_collections.erpops.estate.plugins.module_utils.clients.errors import ClientError
from ansible_collections.erpops.estate.plugins.module_utils.leases.host_out import MARK
from ansible_collections.erpops.estate.plugins.module_utils.service.overview import look_at_all, services

ARGUMENT_SPEC = {"services": {"type": "list", "elements": "str", "default": []}}


def main() -> None:
    """Run the module."""
    module = AnsibleModule(argument_spec=ARGUMENT_SPEC, supports_check_mode=True)
    guard.writes(allowed=False)
    try:
        found = look_at_all(services(module.params["services"]))
    except ClientError as error:
        module.fail_json(**error.as_result())
    module.exit_json(changed=False, services=found, out_of_service=MARK.exists())


if __name__ == "__main__":
    main()
