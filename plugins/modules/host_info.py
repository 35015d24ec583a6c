#!/usr/bin/python
# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: host_info
short_description: Say what is on a host, whoever put it there
version_added: 0.1.0
description:
  - Reads containers, accounts, keys that log in to them, grants of sudo, packages, tables of the firewall, and units of
    systemd that are called as this collection calls its own. It judges nothing; what of it nobody declared is said by
    M(erpops.estate.drift).
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
  packages:
    description: Packages of the distribution to ask for.
    type: list
    elements: str
    default: []
  firewall_files:
    description:
      - Files of rules for nftables. Each is loaded in a network namespace of its own, which ends with that, and
        compared with what the host has. A file that is not there is passed over.
    type: list
    elements: path
    default: []
seealso:
  - module: erpops.estate.drift
author:
  - erpops.estate contributors (@erpops)
"""

EXAMPLES = r"""
- name: Look at the host
  erpops.estate.host_info:
    packages: [docker.io, nftables]
  register: found

- name: Show the containers that this collection did not make
  ansible.builtin.debug:
    msg: "{{ found.containers | rejectattr('managed') }}"
"""

RETURN = r"""
containers:
  description: >-
    All containers, with C(name), C(image), whether it is C(running), and whether it is C(managed) by this collection.
  returned: success
  type: list
  elements: dict
  sample: [{"name": "etcd", "image": "registry/etcd@sha256:0f1d", "running": true, "managed": true}]
accounts:
  description: All accounts, with C(name), C(uid), C(shell), C(home) and C(groups).
  returned: success
  type: list
  elements: dict
  sample: [{"name": "ada", "uid": 1000, "shell": "/bin/bash", "home": "/home/ada", "groups": ["ada", "sudo"]}]
login_keys:
  description: >-
    Keys by which an C(account) can be logged in to, each by its fingerprint as C(key), with its C(comment) and the
    C(file) it is in.
  returned: success
  type: list
  elements: dict
  sample: [{"account": "ada", "key": "SHA256:mVPqhN8…", "comment": "ada@laptop", "file": "/etc/ssh/keys/ada"}]
login_keys_command:
  description: The command that sshd asks for more keys; empty where there is none.
  returned: success
  type: str
login_keys_fault:
  description: Why sshd does not say where it looks for keys; empty where it does. Then the usual files were read.
  returned: success
  type: str
units:
  description: Files of systemd whose unit is called as this collection calls its own.
  returned: success
  type: list
  elements: str
  sample: ["/etc/systemd/system/erpops-leases.timer"]
grants:
  description: To whom sudo is granted, a user or %group as C(who), and by which C(file).
  returned: success
  type: list
  elements: dict
  sample: [{"who": "%sudo", "file": "/etc/sudoers"}]
login:
  description: The account that became root to ask; root where none did.
  returned: success
  type: str
packages:
  description: By name, C(state), C(version) and whether it is C(held), of those that the distribution's records know.
  returned: success
  type: dict
  sample: {"nftables": {"state": "installed", "version": "1.0.6-2", "held": false}}
tables:
  description: Family and name of each table of nftables.
  returned: success
  type: list
  elements: str
  sample: ["ip erpops_virtual_ip"]
altered_tables:
  description: Tables that the host has, and whose rules are not those of the file in O(firewall_files) that makes them.
  returned: success
  type: list
  elements: str
error:
  description: The kind of failure, for who has to tell them apart, such as V(unreachable).
  returned: failure
  type: str
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.erpops.estate.plugins.module_utils.clients import guard, host_contents
from ansible_collections.erpops.estate.plugins.module_utils.clients.docker_engine import Engine
from ansible_collections.erpops.estate.plugins.module_utils.clients.errors import ClientError


def main() -> None:
    """Run the module."""
    module = AnsibleModule(
        argument_spec={
            "packages": {"type": "list", "elements": "str", "default": []},
            "firewall_files": {"type": "list", "elements": "path", "default": []},
        },
        supports_check_mode=True,
    )
    guard.writes(allowed=False)
    try:
        accounts = host_contents.accounts()
        files, command, fault = host_contents.login_settings()
        module.exit_json(
            changed=False,
            containers=Engine().containers(),
            accounts=accounts,
            login_keys=host_contents.keys(accounts, files),
            login_keys_command=command,
            login_keys_fault=fault,
            units=host_contents.units(),
            grants=host_contents.sudo_grants(),
            login=host_contents.login(),
            packages=host_contents.packages(module.params["packages"]),
            tables=host_contents.firewall_tables(),
            altered_tables=host_contents.altered_tables(module.params["firewall_files"]),
        )
    except ClientError as error:
        module.fail_json(**error.as_result())


if __name__ == "__main__":
    main()
