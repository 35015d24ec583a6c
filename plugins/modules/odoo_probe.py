#!/usr/bin/python
# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: odoo_probe
short_description: Do what users of an Odoo instance do, and time it
version_added: "0.1.0"
description:
  - A synthetic user logs in, opens the list of sales, makes an order of its own, confirms it, cancels it, removes it
    and logs out, and every step is timed.
  - It leaves nothing behind but its account's record of logins. The order takes no number out of the sequence of real
    ones, moves no stock, and is removed even where a step fails. One whose probe was cut off is taken back by the next.
  - The account and the article it sells (a service that is archived) are made once, with O(api_key_file).
  - In check mode the page to log in is opened and nothing else is done.
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
options:
  address:
    description:
      - Address of an edge, such as the estate's virtual address. It is dialled under the name that users dial, and its
        certificate is verified for that name.
      - Without it the instance's container on this host is asked, without TLS, as the edge does.
    type: str
    default: ""
  port:
    description: Port at that edge.
    type: int
    default: 443
  login:
    description: Login of the synthetic user.
    type: str
    default: erpops-probe
  password:
    description: Its password.
    type: str
    required: true
  api_key_file:
    description:
      - File on this host with an API key of an administrator, as M(erpops.estate.odoo_api_key) keeps it.
      - With it the account is made, or given O(password), where it is not let in.
    type: path
author:
  - erpops.estate contributors (@erpops)
"""

EXAMPLES = r"""
- name: Sell something by the virtual address
  erpops.estate.odoo_probe:
    name: north
    address: "{{ estate_virtual_ip }}"
    password: "{{ probe_password }}"
    api_key_file: /root/north.api_key
  register: probe
  run_once: true

- name: See that it was fast enough
  ansible.builtin.assert:
    that: probe.total_ms < 5000
    fail_msg: "{{ probe.steps }}"
"""

RETURN = r"""
steps:
  description: Milliseconds by step.
  returned: success
  type: dict
  sample:
    log_in: 210
    open_sales_list: 95
    create_order: 80
    confirm_order: 120
    cancel_order: 60
    remove_order: 45
    log_out: 12
total_ms:
  description: Milliseconds of all steps together.
  returned: success
  type: int
taken_back:
  description: Orders of earlier probes that were cut off, now removed.
  returned: success
  type: list
  elements: str
prepared:
  description: What was made or renewed of the account and its article. Only this counts as a change.
  returned: success
  type: list
  elements: str
  sample: ["user erpops-probe: made"]
error:
  description: The kind of failure, for who has to tell them apart, such as V(unreachable) or V(refused).
  returned: failure
  type: str
"""

from functools import partial
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.erpops.estate.plugins.module_utils.clients import guard
from ansible_collections.erpops.estate.plugins.module_utils.clients.errors import ClientError
from ansible_collections.erpops.estate.plugins.module_utils.clients.odoo_host import HOST_SPEC, OdooHost
from ansible_collections.erpops.estate.plugins.module_utils.members import odoo_probe as probe

ARGUMENT_SPEC: dict[str, Any] = {
    **HOST_SPEC,
    "address": {"type": "str", "default": ""},
    "port": {"type": "int", "default": 443},
    "login": {"type": "str", "default": "erpops-probe"},
    "password": {"type": "str", "required": True, "no_log": True},
    # The path of a file is no secret.
    "api_key_file": {"type": "path", "no_log": False},
}


def main() -> None:
    """Run the module."""
    module = AnsibleModule(argument_spec=ARGUMENT_SPEC, supports_check_mode=True)
    guard.writes(allowed=not module.check_mode)
    params = module.params
    login, password, key_file = params["login"], params["password"], params["api_key_file"]
    try:
        host = OdooHost(params["name"], params["directory"])
        seen, prepared = probe.visit(
            host,
            lambda: probe.route(host, params["address"], params["port"]),
            partial(probe.walk, login=login, password=password) if not module.check_mode else probe.look_in,
            (lambda: probe.prepare(host.json2(key_file), login, password)) if key_file else None,
        )
    except ClientError as error:
        module.fail_json(**error.as_result())
    module.exit_json(
        changed=bool(prepared or seen.taken_back),
        steps=seen.steps,
        total_ms=sum(seen.steps.values()),
        taken_back=seen.taken_back,
        prepared=prepared,
    )


if __name__ == "__main__":
    main()
