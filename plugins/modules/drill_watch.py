#!/usr/bin/python
# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: drill_watch
short_description: Watch how the users of an Odoo instance fare during a drill
version_added: "0.1.0"
description:
  - Does what users do, at moments fixed beforehand, however long answers take, through the estate's virtual address.
    It tells for each kind of act the longest time in which none succeeded.
  - What it writes are links among the attachments of its own account. In the end each that was acknowledged is looked
    for, and all are removed.
  - It runs where users are, such as on the controller. Start it with C(async), strike, then wait for it.
  - In check mode it does nothing.
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
  host_name:
    description: Name that users dial. The certificate is verified for it.
    type: str
    required: true
  address:
    description: The estate's virtual address, or that of an edge.
    type: str
    required: true
  port:
    description: Port there.
    type: int
    default: 443
  ca:
    description: Certificates of the authorities, in PEM, by which that of the edge is verified.
    type: str
    required: true
  login:
    description: Login of the synthetic user, as M(erpops.estate.odoo_probe) made it.
    type: str
    required: true
  password:
    description: Its password.
    type: str
    required: true
  streams:
    description:
      - What users do. V(connect), a connection with TLS five times a second; V(page), the page to log in, every second;
        V(write), a record twice a second; V(session), a question of somebody who is logged in, every second;
        V(login), somebody new logs in, every other second.
    type: list
    elements: str
    choices: [connect, page, write, session, login]
    default: [connect, page, write]
  seconds:
    description: How long.
    type: float
    default: 60
"""

EXAMPLES = r"""
- name: Watch for a minute
  erpops.estate.drill_watch:
    host_name: north.example.com
    address: "{{ estate_virtual_ip }}"
    ca: "{{ lookup('ansible.builtin.file', 'ca.crt') }}"
    login: erpops-drill
    password: "{{ drill_password }}"
  delegate_to: localhost
  async: 300
  poll: 0
"""

RETURN = r"""
streams:
  description:
    - By stream how many were C(asked) and C(failed), the longest time without success (C(gap), in seconds), since when
      it lasted, in seconds of the watch, and C(why) those failed that did.
  returned: success
  type: dict
  sample:
    write: {asked: 240, failed: 3, gap: 4.1, gap_since: 8.2, why: ["3 times refused: status 503"]}
writes:
  description: How many writes were C(acknowledged), and which of them are C(lost) or C(doubled).
  returned: success
  type: dict
  sample: {acknowledged: 237, lost: [], doubled: [], unknown_there: 1, unknown_absent: 2}
logged_out:
  description: How often somebody who was logged in was told not to be.
  returned: success
  type: int
error:
  description: The kind of failure, for who has to tell them apart, such as V(unreachable) or V(not_authorised).
  returned: failure
  type: str
"""

import os
import secrets
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.erpops.estate.plugins.module_utils.clients import guard
from ansible_collections.erpops.estate.plugins.module_utils.clients.errors import ClientError
from ansible_collections.erpops.estate.plugins.module_utils.members.drill_watch import Target, Watch

ARGUMENT_SPEC: dict[str, Any] = {
    "host_name": {"type": "str", "required": True},
    "address": {"type": "str", "required": True},
    "port": {"type": "int", "default": 443},
    "ca": {"type": "str", "required": True},
    "login": {"type": "str", "required": True},
    "password": {"type": "str", "required": True, "no_log": True},
    "streams": {
        "type": "list",
        "elements": "str",
        "choices": ["connect", "page", "write", "session", "login"],
        "default": ["connect", "page", "write"],
    },
    "seconds": {"type": "float", "default": 60},
}


def main() -> None:
    """Run the module."""
    module = AnsibleModule(argument_spec=ARGUMENT_SPEC, supports_check_mode=True)
    guard.writes(allowed=not module.check_mode)
    params = module.params
    if module.check_mode:
        module.exit_json(changed=False)
    ca_file = os.path.join(module.tmpdir, "ca.crt")
    with open(ca_file, "w", encoding="ascii") as stream:
        stream.write(params["ca"])
    target = Target(
        params["host_name"], params["address"], params["port"], ca_file, params["login"], params["password"]
    )
    try:
        found = Watch(target, f"drill-{secrets.token_hex(4)}").run(params["streams"], params["seconds"])
    except ClientError as error:
        module.fail_json(**error.as_result())
    module.exit_json(changed=False, **found)


if __name__ == "__main__":
    main()
