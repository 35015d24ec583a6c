#!/usr/bin/python
# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: odoo_database
short_description: Make role and database of Odoo instances in PostgreSQL
version_added: 0.1.0
description:
  - Makes for each instance a role of its own and a database of its own that nobody else may connect to.
  - All instances are one call, on the member of the cluster that takes writes. Nothing is ever dropped.
  - Passwords travel and are logged as SCRAM verifiers only.
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
  hosts:
    description: Addresses of all members; the one that takes writes is found among them.
    type: list
    elements: str
    required: true
  port:
    description: Port of PostgreSQL.
    type: int
    default: 5432
  login_user:
    description: Superuser.
    type: str
    default: postgres
  login_password:
    description: Password of the superuser.
    type: str
    required: true
  ca_file:
    description: File with the authority that signed the members' certificates, on the host the module runs on.
    type: path
    default: /etc/erpops/tls/ca.crt
  instances:
    description: The instances.
    type: list
    elements: dict
    required: true
    suboptions:
      name:
        description: Name of the instance and of its role.
        type: str
        required: true
      database:
        description: Name of its database.
        type: str
        required: true
      password:
        description: Password of its role.
        type: str
        required: true
author:
  - erpops.estate contributors (@erpops)
"""

EXAMPLES = r"""
- name: Make role and database of north
  erpops.estate.odoo_database:
    hosts: [10.0.0.11, 10.0.0.12, 10.0.0.13]
    login_password: "{{ patroni_superuser_password }}"
    instances:
      - name: north
        database: north
        password: "{{ estate_instance_secrets.north.database_password }}"
  run_once: true
"""

RETURN = r"""
actions:
  description: What was done, or in check mode would be done, in order.
  returned: success
  type: list
  elements: str
  sample: ["role north: create", "database north: create", "database north: close to all others"]
error:
  description: The kind of failure, for who has to tell them apart, such as V(unreachable), V(not_authorised), V(refused).
  returned: failure
  type: str
"""

from functools import partial
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.erpops.estate.plugins.module_utils.clients.errors import ClientError
from ansible_collections.erpops.estate.plugins.module_utils.clients.odoo_database import Database
from ansible_collections.erpops.estate.plugins.module_utils.clients.odoo_tenant import Tenant, converge

ARGUMENT_SPEC: dict[str, Any] = {
    "hosts": {"type": "list", "elements": "str", "required": True},
    "port": {"type": "int", "default": 5432},
    "login_user": {"type": "str", "default": "postgres"},
    "login_password": {"type": "str", "required": True, "no_log": True},
    "ca_file": {"type": "path", "default": "/etc/erpops/tls/ca.crt"},
    "instances": {
        "type": "list",
        "elements": "dict",
        "required": True,
        "options": {
            "name": {"type": "str", "required": True},
            "database": {"type": "str", "required": True},
            "password": {"type": "str", "required": True, "no_log": True},
        },
    },
}


def main() -> None:
    """Run the module."""
    module = AnsibleModule(argument_spec=ARGUMENT_SPEC, supports_check_mode=True)
    params = module.params
    connect = partial(
        Database.leader,
        "PostgreSQL of the estate",
        ca_file=params["ca_file"],
        port=params["port"],
        user=params["login_user"],
        password=params["login_password"],
    )
    try:
        with connect(hosts=params["hosts"], dbname="postgres") as administration:
            actions = converge(
                administration,
                [Tenant(**instance) for instance in params["instances"]],
                # A replica that has not replayed the new database ends libpq's search for the leader.
                lambda name: connect(hosts=[administration.host], dbname=name),
                check=module.check_mode,
            )
    except ClientError as error:
        module.fail_json(**error.as_result())
    module.exit_json(changed=bool(actions), actions=actions)


if __name__ == "__main__":
    main()
