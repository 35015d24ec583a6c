#!/usr/bin/python
# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: odoo_parameter
short_description: Set and remove system parameters of an Odoo instance
version_added: "0.1.0"
description:
  - Makes system parameters (C(ir.config_parameter)) what they should be. Others are left alone.
  - Odoo does it itself, so that every one of its processes takes the new value over at once.
  - Those that the estate or Odoo sees to, such as C(web.base.url) and C(database.uuid), are refused.
  - In check mode a write is refused before it is sent.
extends_documentation_fragment:
  - erpops.estate.attributes
  - erpops.estate.odoo
  - erpops.estate.odoo.api_key
attributes:
  check_mode:
    support: full
  diff_mode:
    support: partial
    details: >-
      Values of O(secret_parameters) and O(absent), and of every parameter whose name speaks of a secret, are not shown.
  idempotent:
    support: full
options:
  parameters:
    description: Parameters to have, by key. Booleans become V(True) and V(False), as Odoo compares them.
    type: dict
    default: {}
  secret_parameters:
    description: Parameters to have whose values nobody shall see.
    type: dict
    default: {}
  absent:
    description: Keys of parameters not to have.
    type: list
    elements: str
    default: []
author:
  - erpops.estate contributors (@erpops)
"""

EXAMPLES = r"""
- name: Set what the carrier's connection needs
  erpops.estate.odoo_parameter:
    name: north
    api_key_file: /root/north.api_key
    parameters:
      carrier.endpoint: https://api.carrier.example.com
    secret_parameters:
      carrier.token: "{{ carrier_token }}"
    absent: [carrier.legacy_endpoint]
  run_once: true
"""

RETURN = r"""
evidence:
  description: What the record of the run keeps of it, where the run is recorded.
  returned: success
  type: list
  elements: dict
set:
  description: Keys that were set, or in check mode would be.
  returned: success
  type: list
  elements: str
removed:
  description: Keys that were removed, or in check mode would be.
  returned: success
  type: list
  elements: str
error:
  description: The kind of failure, for who has to tell them apart, such as V(unreachable) or V(refused).
  returned: failure
  type: str
"""

from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.erpops.estate.plugins.module_utils.clients import guard
from ansible_collections.erpops.estate.plugins.module_utils.clients.errors import ClientError
from ansible_collections.erpops.estate.plugins.module_utils.clients.odoo_host import HOST_SPEC, KEY_SPEC, OdooHost
from ansible_collections.erpops.estate.plugins.module_utils.evidence.declared import settings
from ansible_collections.erpops.estate.plugins.module_utils.policy.odoo_parameters import (
    change,
    difference,
    objections,
    texts,
)

MODEL = "ir.config_parameter"


def converge(params: dict[str, Any], *, check: bool) -> dict[str, Any]:
    """Return the module's result."""
    secret, absent = texts(params["secret_parameters"]), params["absent"]
    wanted = {**texts(params["parameters"]), **secret}
    refusals = objections(wanted, absent)
    if refusals:
        raise ValueError("; ".join(refusals))
    odoo = OdooHost(params["name"], params["directory"]).json2(params["api_key_file"])
    rows = odoo.find(MODEL, [["key", "in", [*wanted, *absent]]], ["key", "value"])
    found = {row["key"]: row["value"] for row in rows}
    work = change(wanted, absent, found)
    if not check:
        for key, value in work.set.items():
            odoo.call(MODEL, "set_param", key=key, value=value)
        for key in work.remove:
            odoo.call(MODEL, "set_param", key=key, value=False)
    shown = difference(work, found, secret)
    return {
        "changed": bool(work),
        "set": sorted(work.set),
        "removed": sorted(work.remove),
        "diff": shown,
        "evidence": settings(f"{params['name']} parameter", shown["before"], shown["after"]),
    }


def main() -> None:
    """Run the module."""
    module = AnsibleModule(
        argument_spec={
            **HOST_SPEC,
            **KEY_SPEC,
            "parameters": {"type": "dict", "default": {}},
            "secret_parameters": {"type": "dict", "default": {}, "no_log": True},
            "absent": {"type": "list", "elements": "str", "default": []},
        },
        supports_check_mode=True,
    )
    guard.writes(allowed=not module.check_mode)
    try:
        module.exit_json(**converge(module.params, check=module.check_mode))
    except ClientError as error:
        module.fail_json(**error.as_result())
    except ValueError as error:
        module.fail_json(msg=str(error), error="invalid")


if __name__ == "__main__":
    main()
