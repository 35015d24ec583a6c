#!/usr/bin/python
# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: patroni_role
short_description: Keep the passwords of PostgreSQL's own roles
version_added: 0.1.0
description:
  - Sets the passwords of roles that Patroni made and uses itself. Patroni does so only when the cluster is made.
  - It runs as root on every member, comes in by the socket and acts on the leader alone, so it needs no password to
    change one. Standbys take the change over by replication.
  - Passwords travel and are logged as SCRAM verifiers only. Connections that are open stay open.
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
  socket_directory:
    description: Directory on the host with PostgreSQL's socket.
    type: path
    default: /var/lib/erpops/patroni/run
  port:
    description: Port of PostgreSQL, which is in the socket's name.
    type: int
    default: 5432
  roles:
    description: The roles. One that does not exist is an error.
    type: list
    elements: dict
    required: true
    suboptions:
      name:
        description: Name of the role.
        type: str
        required: true
      password:
        description: Password it should have.
        type: str
        required: true
  left_out:
    description:
      - Names of members that this run does not reach, as with C(--limit). Where there are any, no role is given another
        password, which they would not learn.
    type: list
    elements: str
    default: []
author:
  - erpops.estate contributors (@erpops)
"""

EXAMPLES = r"""
- name: Keep the password of replication
  erpops.estate.patroni_role:
    roles:
      - name: replicator
        password: "{{ patroni_replication_password }}"
"""

RETURN = r"""
actions:
  description: What was done, or in check mode would be done; nothing on a standby.
  returned: success
  type: list
  elements: str
  sample: ["role replicator: set password"]
error:
  description:
    - The kind of failure, for who has to tell them apart, such as V(unreachable), V(not_authorised), V(no_quorum),
      V(missing_file), or V(invalid) for another password that members left out would not learn.
  returned: failure
  type: str
"""

from typing import Any

from ansible_collections.erpops.estate.plugins.module_utils.clients import guard
from ansible_collections.erpops.estate.plugins.module_utils.clients.errors import ClientError
from ansible_collections.erpops.estate.plugins.module_utils.clients.odoo_database import Database
from ansible_collections.erpops.estate.plugins.module_utils.clients.postgresql_roles import keep_passwords
from ansible_collections.erpops.estate.plugins.module_utils.policy.shown import steps
from ansible_collections.erpops.estate.plugins.module_utils.quiet import QuietModule

ARGUMENT_SPEC: dict[str, Any] = {
    "socket_directory": {"type": "path", "default": "/var/lib/erpops/patroni/run"},
    "port": {"type": "int", "default": 5432},
    "roles": {
        "type": "list",
        "elements": "dict",
        "required": True,
        "options": {
            "name": {"type": "str", "required": True},
            "password": {"type": "str", "required": True, "no_log": True},
        },
    },
    "left_out": {"type": "list", "elements": "str", "default": []},
}


def main() -> None:
    """Run the module."""
    module = QuietModule(argument_spec=ARGUMENT_SPEC, supports_check_mode=True)
    guard.writes(allowed=not module.check_mode)
    params = module.params
    place = {"host": params["socket_directory"], "port": params["port"], "user": "postgres", "dbname": "postgres"}
    wanted = {role["name"]: role["password"] for role in params["roles"]}
    try:
        with Database(f"PostgreSQL at {params['socket_directory']}", place) as database:
            actions = keep_passwords(database, wanted, left_out=params["left_out"], check=module.check_mode)
    except ClientError as error:
        module.fail_json(**error.as_result())
    except ValueError as error:
        module.fail_json(msg=str(error), error="invalid")
    module.exit_json(changed=bool(actions), actions=actions, diff=steps(actions))


if __name__ == "__main__":
    main()
