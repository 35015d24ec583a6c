#!/usr/bin/python
# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: odoo_modules_info
short_description: Say which modules an instance of Odoo has, and why each can be there
version_added: 0.1.0
description:
  - Reads from the instance's database which modules are installed, what each needs, and what draws it in by itself.
    Nothing can be written on the connection. Run it on a host of the instance.
extends_documentation_fragment:
  - erpops.estate.attributes
  - erpops.estate.odoo
attributes:
  check_mode:
    support: full
  diff_mode:
    support: none
  idempotent:
    support: full
seealso:
  - module: erpops.estate.odoo_info
  - module: erpops.estate.odoo_module
author:
  - erpops.estate contributors (@erpops)
"""

EXAMPLES = r"""
- name: Ask for the modules
  erpops.estate.odoo_modules_info:
    name: north
  register: found

- name: Show what installs itself
  ansible.builtin.debug:
    msg: "{{ found.modules | dict2items | selectattr('value.auto_install') | map(attribute='key') }}"
"""

RETURN = r"""
modules:
  description:
    - By name, C(state), C(auto_install), the modules it C(depends) on, and those it is C(drawn_by) once all of them are
      there. What is not installed is left out.
  returned: success
  type: dict
  sample:
    sale_stock: {"state": "installed", "auto_install": true, "depends": ["sale", "stock_account"],
                 "drawn_by": ["sale", "stock_account"]}
error:
  description: The kind of failure, for who has to tell them apart, such as V(unreachable) or V(refused).
  returned: failure
  type: str
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.erpops.estate.plugins.module_utils.clients import guard, odoo_records
from ansible_collections.erpops.estate.plugins.module_utils.clients.errors import ClientError
from ansible_collections.erpops.estate.plugins.module_utils.clients.odoo_host import HOST_SPEC, OdooHost


def main() -> None:
    """Run the module."""
    module = AnsibleModule(argument_spec=HOST_SPEC, supports_check_mode=True)
    guard.writes(allowed=False)
    try:
        with OdooHost(module.params["name"], module.params["directory"]).look() as database:
            module.exit_json(changed=False, modules=odoo_records.module_graph(database))
    except ClientError as error:
        module.fail_json(**error.as_result())


if __name__ == "__main__":
    main()
