#!/usr/bin/python
# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: odoo_instance
short_description: Bring the database of an Odoo instance to what is asked
version_added: 0.1.0
description:
  - Compares modules, system parameters, languages and the storage of attachments with what the database holds.
    Where nothing differs, nothing is started.
  - Otherwise one container of the instance's image does all of it and is gone afterwards. It holds a lock in the
    database, so that two nodes never work on it at the same time, and it goes on where an interrupted one stopped.
  - The code of modules that it installs is recorded, so that M(erpops.estate.odoo_module) knows when it changed.
  - Attachments that are neither in the bucket nor meant for the database are moved into the bucket.
  - The administrator gets login and password once, when the database is made.
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
  name:
    description: Name of the instance and of its role in PostgreSQL.
    type: str
    required: true
  database:
    description: Name of its database, which exists.
    type: str
    required: true
  hosts:
    description: Addresses of all members of PostgreSQL.
    type: list
    elements: str
    required: true
  port:
    description: Port of PostgreSQL.
    type: int
    default: 5432
  password:
    description: Password of the instance's role.
    type: str
    required: true
  ca_file:
    description: File with the authority that signed the certificates, on the host the module runs on.
    type: path
    default: /etc/erpops/tls/ca.crt
  url:
    description: Address at which users reach the instance.
    type: str
    required: true
  bucket:
    description: Bucket of its attachments.
    type: str
    required: true
  modules:
    description: Modules to have installed. Modules beyond these are left alone.
    type: list
    elements: str
    default: []
  languages:
    description: Languages to have active.
    type: list
    elements: str
    default: []
  parameters:
    description: System parameters to have set.
    type: dict
    default: {}
  admin_login:
    description: Login of the administrator of a new database.
    type: str
    default: admin
  admin_password:
    description: Password of the administrator of a new database.
    type: str
    required: true
  image:
    description: Image of the instance, by digest.
    type: str
    required: true
  config_directory:
    description: Where the container finds its configuration.
    type: path
    required: true
  config_files:
    description: Name and content of the configuration files; C(web.conf) is among them.
    type: dict
    required: true
  environment:
    description: Environment of the container. It holds no secret.
    type: dict
    default: {}
  mounts:
    description: More files and directories of this host by their place in the container, read only.
    type: dict
    default: {}
  addons_path:
    description: Directories with add-ons, in the image.
    type: str
    required: true
  timeout:
    description: Seconds the container gets for all its work.
    type: int
    default: 1800
author:
  - erpops.estate contributors (@erpops)
"""

EXAMPLES = r"""
- name: Bring north to what is asked
  erpops.estate.odoo_instance:
    name: north
    database: north
    hosts: [10.0.0.11, 10.0.0.12, 10.0.0.13]
    password: "{{ estate_instance_secrets.north.database_password }}"
    url: https://north.example.com
    bucket: north-attachments
    modules: [sale_management, stock]
    admin_password: "{{ estate_instance_secrets.north.admin_password }}"
    image: registry.example.com/erpops/odoo@sha256:0f1d...
    config_directory: /etc/erpops/odoo/north
    config_files: "{{ files }}"
    addons_path: /usr/lib/python3/dist-packages/odoo/addons,/opt/erpops/addons
  run_once: true
"""

RETURN = r"""
differences:
  description: What differed, one sentence each.
  returned: success
  type: list
  elements: str
  sample: ["install stock (is uninstalled)"]
undeclared:
  description:
    - Names of parameters that nobody declared, of those that decide what the estate stands on, such as
      V(ir_attachment.storage).
  returned: success
  type: list
  elements: str
  sample: ["report.url.internal"]
actions:
  description: What was done.
  returned: success
  type: list
  elements: str
  sample: ["installed stock"]
error:
  description: The kind of failure, for who has to tell them apart, such as V(unreachable) or V(refused).
  returned: failure
  type: str
"""

from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.erpops.estate.plugins.module_utils.clients import guard, odoo_code, odoo_command
from ansible_collections.erpops.estate.plugins.module_utils.clients.errors import ClientError, Refused
from ansible_collections.erpops.estate.plugins.module_utils.clients.odoo_database import Database
from ansible_collections.erpops.estate.plugins.module_utils.clients.odoo_instance import look
from ansible_collections.erpops.estate.plugins.module_utils.policy.odoo_instance import (
    differences,
    request,
    undeclared,
)
from ansible_collections.erpops.estate.plugins.module_utils.policy.shown import steps

ODOO_UID = 907

ARGUMENT_SPEC: dict[str, Any] = {
    "name": {"type": "str", "required": True},
    "database": {"type": "str", "required": True},
    "hosts": {"type": "list", "elements": "str", "required": True},
    "port": {"type": "int", "default": 5432},
    "password": {"type": "str", "required": True, "no_log": True},
    "ca_file": {"type": "path", "default": "/etc/erpops/tls/ca.crt"},
    "url": {"type": "str", "required": True},
    "bucket": {"type": "str", "required": True},
    "modules": {"type": "list", "elements": "str", "default": []},
    "languages": {"type": "list", "elements": "str", "default": []},
    "parameters": {"type": "dict", "default": {}},
    "admin_login": {"type": "str", "default": "admin"},
    "admin_password": {"type": "str", "required": True, "no_log": True},
    "image": {"type": "str", "required": True},
    "config_directory": {"type": "path", "required": True},
    "config_files": {"type": "dict", "required": True, "no_log": True},
    "environment": {"type": "dict", "default": {}},
    "mounts": {"type": "dict", "default": {}},
    "addons_path": {"type": "str", "required": True},
    "timeout": {"type": "int", "default": 1800},
}


def connect(params: dict[str, Any]) -> Database:
    """Return a connection to the database, as the instance itself."""
    return Database.leader(
        f"database {params['database']}",
        hosts=params["hosts"],
        ca_file=params["ca_file"],
        port=params["port"],
        user=params["name"],
        password=params["password"],
        dbname=params["database"],
    )


def differing(params: dict[str, Any], wanted: dict[str, Any]) -> tuple[list[str], list[str]]:
    """Return how the database differs from what is wanted, and the parameters that nobody declared."""
    with connect(params) as database:
        found = look(database, wanted)
        return differences(wanted, found), undeclared(wanted, found)


def bring_there(params: dict[str, Any], wanted: dict[str, Any]) -> list[str]:
    """Let the image do what is wanted and return what it did."""
    what = f"odoo estate converge for {params['name']}"
    odoo = odoo_command.Odoo(
        what=what,
        image=params["image"],
        uid=ODOO_UID,
        config_target=params["config_directory"],
        config_files=params["config_files"],
        mounts={source: f"{target}:ro" for target, source in params["mounts"].items()},
        environment=params["environment"],
    )
    with connect(params) as database:
        before = odoo_code.look(database)
    administrator = {"login": params["admin_login"], "password": params["admin_password"]}
    result = odoo_command.run(
        odoo,
        "converge",
        {**wanted, "admin": administrator},
        addons_path=params["addons_path"],
        config="web.conf",
        timeout=params["timeout"],
    )
    with connect(params) as database:
        odoo_code.record_new(database, odoo, params["addons_path"], before)
    left, _undeclared = differing(params, wanted)
    if left:
        raise Refused(what, expected="nothing left to do", found="; ".join(left))
    return list(result["actions"])


def main() -> None:
    """Run the module."""
    module = AnsibleModule(argument_spec=ARGUMENT_SPEC, supports_check_mode=True)
    guard.writes(allowed=not module.check_mode)
    params = module.params
    try:
        wanted = request(
            url=params["url"],
            bucket=params["bucket"],
            modules=params["modules"],
            languages=params["languages"],
            parameters={key: str(value) for key, value in params["parameters"].items()},
        )
        found, more = differing(params, wanted)
        actions = bring_there(params, wanted) if found and not module.check_mode else []
    except ClientError as error:
        module.fail_json(**error.as_result())
    except ValueError as error:
        module.fail_json(msg=str(error), error="invalid")
    module.exit_json(changed=bool(found), differences=found, undeclared=more, actions=actions, diff=steps(found))


if __name__ == "__main__":
    main()
