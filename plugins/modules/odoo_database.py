#!/usr/bin/python
# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: odoo_database
short_description: Make, copy, restore, neutralise and drop databases of Odoo instances
version_added: 0.1.0
description:
  - Makes for each instance a role of its own and a database of its own that nobody else may connect to.
  - A copy of an instance's database, or one that is restored from a dump, never shares the original's bucket, whose
    files its garbage collection would delete. The files are copied first, by the endpoint itself; the database is
    filled under another name and gets an identity, its bucket and its address before it gets its name. The original
    serves on meanwhile.
  - A database is dropped only where O(confirm) names it and nobody is connected. Its bucket is left.
  - For V(present) and V(absent) all instances are one call. The others take one instance, on a host of the group
    C(odoo). A database of that name that exists is left as it is.
  - PostgreSQL and its logs see passwords as SCRAM verifiers only.
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
        description: Password of its role. Only V(absent) does without.
        type: str
  state:
    description:
      - V(present) makes role and database, V(absent) drops both.
      - V(duplicated) makes the database a copy of O(source)'s, V(restored) makes it from O(dump).
      - V(neutralised) lets Odoo switch off what a database sends to the outside, and cancels the jobs of queue_job that
        it still owes.
    type: str
    choices: [present, absent, duplicated, restored, neutralised]
    default: present
  left_out:
    description:
      - Names of hosts that open connections as these roles and that this run does not reach, as with C(--limit). Where
        there are any, V(present) refuses to give a role that is there another password, before anything is changed.
    type: list
    elements: str
    default: []
  set_passwords:
    description:
      - Whether V(present) gives a role that is there and knows another password the one of O(instances). Otherwise
        the role keeps what it has and RV(new_passwords) names it, so that whoever opens connections can be given the
        new one first.
    type: bool
    default: true
  confirm:
    description: Names of exactly the databases that are to be absent.
    type: list
    elements: str
    default: []
  source:
    description:
      - Name of an instance on this host, whose image has the programs. It is the one that is duplicated, or whose
        bucket a dump belongs to.
    type: str
  dump:
    description: File on this host to restore from, as C(pg_dump --format custom) writes it.
    type: path
  source_bucket:
    description: Bucket with the original's attachments. By default that of O(source).
    type: str
  bucket:
    description: Bucket of the copy's attachments, which exists and is empty.
    type: str
  url:
    description: Address at which users reach the copy.
    type: str
  neutralise:
    description: Whether a copy is neutralised before it gets its name.
    type: bool
    default: true
  endpoint:
    description: Address of the S3 endpoint, C(https://host:port).
    type: str
  access_key:
    description: Access key of a login that reads the original's bucket and writes the copy's.
    type: str
  secret_key:
    description: Secret key of that login.
    type: str
  timeout:
    description: Seconds that filling a database, or neutralising it, may take.
    type: int
    default: 3600
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

- name: Make a neutralised copy of north to try a release on
  erpops.estate.odoo_database:
    state: duplicated
    source: north
    hosts: [10.0.0.11, 10.0.0.12, 10.0.0.13]
    login_password: "{{ patroni_superuser_password }}"
    instances:
      - {name: trial, database: trial, password: "{{ estate_instance_secrets.trial.database_password }}"}
    bucket: trial-attachments
    url: https://trial.example.com
    endpoint: https://10.0.0.21:8333
    access_key: "{{ object_storage_admin_access_key }}"
    secret_key: "{{ object_storage_admin_secret_key }}"
  run_once: true

- name: Drop it again
  erpops.estate.odoo_database:
    state: absent
    confirm: [trial]
    hosts: [10.0.0.11, 10.0.0.12, 10.0.0.13]
    login_password: "{{ patroni_superuser_password }}"
    instances:
      - {name: trial, database: trial}
  run_once: true
"""

RETURN = r"""
actions:
  description: What was done, or in check mode would be done, in order.
  returned: success
  type: list
  elements: str
  sample: ["role north: create", "database north: create", "database north: close to all others"]
new_passwords:
  description:
    - Names of the roles that were there and got another password, or would get one, in check mode or without
      O(set_passwords).
  returned: success
  type: list
  elements: str
  sample: [north]
error:
  description: The kind of failure, for who has to tell them apart, such as V(unreachable) or V(refused).
  returned: failure
  type: str
"""

from typing import Any

from ansible_collections.erpops.estate.plugins.module_utils.clients import guard
from ansible_collections.erpops.estate.plugins.module_utils.clients.errors import ClientError
from ansible_collections.erpops.estate.plugins.module_utils.members.odoo_databases import bring_there
from ansible_collections.erpops.estate.plugins.module_utils.policy.shown import steps
from ansible_collections.erpops.estate.plugins.module_utils.quiet import QuietModule

STATES = ("present", "absent", "duplicated", "restored", "neutralised")
COPY = ("source", "bucket", "url", "endpoint", "access_key", "secret_key")
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
            "password": {"type": "str", "no_log": True},
        },
    },
    "state": {"type": "str", "choices": list(STATES), "default": "present"},
    "left_out": {"type": "list", "elements": "str", "default": []},
    "set_passwords": {"type": "bool", "default": True, "no_log": False},
    "confirm": {"type": "list", "elements": "str", "default": []},
    "source": {"type": "str"},
    "dump": {"type": "path"},
    "source_bucket": {"type": "str"},
    "bucket": {"type": "str"},
    "url": {"type": "str"},
    "neutralise": {"type": "bool", "default": True},
    "endpoint": {"type": "str"},
    "access_key": {"type": "str", "no_log": True},
    "secret_key": {"type": "str", "no_log": True},
    "timeout": {"type": "int", "default": 3600},
}


def main() -> None:
    """Run the module."""
    module = QuietModule(
        argument_spec=ARGUMENT_SPEC,
        required_if=[
            ("state", "duplicated", COPY),
            ("state", "restored", (*COPY, "dump")),
            ("state", "neutralised", ("source",)),
        ],
        supports_check_mode=True,
    )
    guard.writes(allowed=not module.check_mode)
    try:
        outcome = bring_there(module.params, check=module.check_mode)
    except ClientError as error:
        module.fail_json(**error.as_result())
    except ValueError as error:
        module.fail_json(msg=str(error), error="invalid")
    actions = outcome.actions
    module.exit_json(changed=bool(actions), actions=actions, new_passwords=outcome.new_passwords, diff=steps(actions))


if __name__ == "__main__":
    main()
