#!/usr/bin/python
# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: service_absent
short_description: Remove services that this host is no longer to have
version_added: 0.1.0
description:
  - Removes the services of a kind that this host has a record of and that are not among O(wanted). An instance of Odoo
    that was taken out of the inventory leaves such ones behind.
  - Each container is stopped, given the time it was created with, and removed; then the directory with the
    configuration and secrets of its subject; then the record. Data, databases and buckets are left alone.
  - No gate is asked, since nobody is to be served by them any more.
extends_documentation_fragment:
  - erpops.estate.attributes
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
  idempotent:
    support: full
options:
  kind:
    description: Kind of the services, as their records have it, such as V(odoo).
    type: str
    required: true
  wanted:
    description: Names of the services of this kind that the host is to have.
    type: list
    elements: str
    required: true
  configuration:
    description:
      - Directory that has one for each subject of the services, by its name.
      - That of a subject none of whose services is wanted is removed with what is in it. Left out, none is.
    type: path
author:
  - erpops.estate contributors (@erpops)
"""

EXAMPLES = r"""
- name: Remove what runs of instances that are no longer declared
  erpops.estate.service_absent:
    kind: odoo
    wanted: [odoo_north_web, odoo_north_cron, odoo_north_jobs]
    configuration: /etc/erpops/odoo
  become: true
"""

RETURN = r"""
evidence:
  description: What the record of the run keeps of it, where the run is recorded.
  returned: success
  type: list
  elements: dict
removed:
  description: Names of the services that were removed, or in check mode would be, sorted.
  returned: success
  type: list
  elements: str
  sample: [odoo_pinewood_cron, odoo_pinewood_jobs, odoo_pinewood_web]
error:
  description: The kind of failure, such as V(unreachable) for an engine that does not answer.
  returned: failure
  type: str
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.erpops.estate.plugins.module_utils.clients import guard
from ansible_collections.erpops.estate.plugins.module_utils.clients.errors import ClientError
from ansible_collections.erpops.estate.plugins.module_utils.evidence.declared import change
from ansible_collections.erpops.estate.plugins.module_utils.policy.shown import Difference
from ansible_collections.erpops.estate.plugins.module_utils.service.former import former, remove

ARGUMENT_SPEC = {
    "kind": {"type": "str", "required": True},
    "wanted": {"type": "list", "elements": "str", "required": True},
    "configuration": {"type": "path"},
}


def main() -> None:
    """Run the module."""
    module = AnsibleModule(argument_spec=ARGUMENT_SPEC, supports_check_mode=True)
    guard.writes(allowed=not module.check_mode)
    params = module.params
    try:
        found = former(params["kind"], params["wanted"])
        if not module.check_mode:
            remove(found, params["configuration"] or "")
    except ClientError as error:
        module.fail_json(**error.as_result())
    difference = Difference()
    for service in found.services:
        difference.add(service.name, "on this host, declared by nobody", None)
    names = [service.name for service in found.services]
    evidence = [piece for name in names for piece in change(name, "on this host", "removed")]
    module.exit_json(changed=bool(names), removed=names, diff=difference.as_dict(), evidence=evidence)


if __name__ == "__main__":
    main()
