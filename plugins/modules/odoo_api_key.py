#!/usr/bin/python
# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: odoo_api_key
short_description: Keep a valid API key of an Odoo user in a file
version_added: 0.1.0
description:
  - Makes an API key for JSON-2 and writes it to a file on the host that only root can read.
  - A key in the file that Odoo still accepts is left alone; a key of the same name is replaced, never doubled.
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
  instance:
    description: Name of the instance.
    type: str
    required: true
  database:
    description: Name of its database.
    type: str
    required: true
  address:
    description: Address of this host at which the instance serves.
    type: str
    required: true
  http_port:
    description: Port at which it serves.
    type: int
    default: 8069
  login:
    description: Login of the user.
    type: str
    default: admin
  key_name:
    description: What the key is called in the user's preferences.
    type: str
    required: true
  days:
    description: Days for which a new key is valid.
    type: int
    default: 90
  path:
    description: File that holds the key.
    type: path
    required: true
  image:
    description: Image of the instance, by digest.
    type: str
    required: true
  config_directory:
    description: Directory with the instance's configuration, at the same place on the host and in the container.
    type: path
    required: true
  environment:
    description: Environment of the container.
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
author:
  - erpops.estate contributors (@erpops)
"""

EXAMPLES = r"""
- name: Have a key for the demonstration
  erpops.estate.odoo_api_key:
    instance: north
    database: north
    address: 10.0.0.11
    login: admin
    key_name: demonstration
    path: /root/north.api_key
    image: "{{ estate_images.odoo }}"
    config_directory: /etc/erpops/odoo-north-web
    addons_path: "{{ odoo_addons_path }}"

- name: The same, with what the role knows about the instance
  ansible.builtin.include_role:
    name: erpops.estate.odoo
    tasks_from: api_key
  vars:
    odoo_api_key_instance: north
    odoo_api_key_name: demonstration
    odoo_api_key_path: /root/north.api_key
"""

RETURN = r"""
path:
  description: File that holds the key.
  returned: success
  type: str
error:
  description: The kind of failure, for who has to tell them apart, such as V(unreachable) or V(refused).
  returned: failure
  type: str
"""

import os
from pathlib import Path
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.erpops.estate.plugins.module_utils.clients import guard, odoo_command
from ansible_collections.erpops.estate.plugins.module_utils.clients.errors import ClientError
from ansible_collections.erpops.estate.plugins.module_utils.clients.odoo import OdooClient

ODOO_UID = 907

ARGUMENT_SPEC: dict[str, Any] = {
    "instance": {"type": "str", "required": True},
    "database": {"type": "str", "required": True},
    "address": {"type": "str", "required": True},
    "http_port": {"type": "int", "default": 8069},
    "login": {"type": "str", "default": "admin"},
    "key_name": {"type": "str", "required": True, "no_log": False},
    "days": {"type": "int", "default": 90},
    "path": {"type": "path", "required": True},
    "image": {"type": "str", "required": True},
    "config_directory": {"type": "path", "required": True},
    "environment": {"type": "dict", "default": {}},
    "mounts": {"type": "dict", "default": {}},
    "addons_path": {"type": "str", "required": True},
}


def still_valid(params: dict[str, Any]) -> bool:
    """Return whether the file holds a key that Odoo accepts."""
    path = Path(params["path"])
    if not path.is_file():
        return False
    client = OdooClient(params["instance"], params["address"], params["http_port"])
    return client.knows_key(params["database"], path.read_text(encoding="utf-8").strip())


def make(params: dict[str, Any]) -> None:
    """Make a key and write it to the file."""
    guard.about_to_write(params["path"], "a new key")
    configuration = Path(params["config_directory"])
    odoo = odoo_command.Odoo(
        what=f"odoo estate api-key for {params['instance']}",
        image=params["image"],
        uid=ODOO_UID,
        config_target=params["config_directory"],
        config_files={
            path.name: path.read_text(encoding="utf-8") for path in configuration.iterdir() if path.is_file()
        },
        mounts={source: f"{target}:ro" for target, source in params["mounts"].items()},
        environment=params["environment"],
    )
    request = {"login": params["login"], "name": params["key_name"], "days": params["days"]}
    result = odoo_command.run(
        odoo, "api-key", request, addons_path=params["addons_path"], config="web.conf", timeout=300
    )
    candidate = Path(f"{params['path']}.new")
    candidate.unlink(missing_ok=True)
    descriptor = os.open(candidate, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
        stream.write(f"{result['key']}\n")
    candidate.replace(params["path"])


def main() -> None:
    """Run the module."""
    module = AnsibleModule(argument_spec=ARGUMENT_SPEC, supports_check_mode=True)
    guard.writes(allowed=not module.check_mode)
    params = module.params
    try:
        changed = not still_valid(params)
        if changed and not module.check_mode:
            make(params)
    except ClientError as error:
        module.fail_json(**error.as_result())
    module.exit_json(changed=changed, path=params["path"])


if __name__ == "__main__":
    main()
