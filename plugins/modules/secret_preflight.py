#!/usr/bin/python
# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: secret_preflight
short_description: Refuse secrets that hosts left out of a run would not learn
version_added: 0.1.0
description:
  - A secret that hosts share is changed on all of them or on none. A run that is limited to some of them, as with
    C(--limit), is refused where a file of this host knows another one than it should get, before anything is changed.
  - It compares with files, so it needs no daemon to run. A host without such a file yet locks nobody out.
  - It changes nothing.
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
  secrets:
    description: The secrets.
    type: list
    elements: dict
    required: true
    suboptions:
      name:
        description: The variable that holds it, for the sentence that refuses it.
        type: str
        required: true
      path:
        description: File on this host that holds it where it is known.
        type: path
        required: true
      written:
        description: The secret as the file says it, with as much around it as keeps it from being taken for another.
        type: str
        required: true
      owner:
        description: How the file says whose it is. Where it is not in there, the secret is a first one and no other.
        type: str
        default: ""
      left_out:
        description: Names of hosts that share it and that this run does not reach.
        type: list
        elements: str
        default: []
author:
  - erpops.estate contributors (@erpops)
"""

EXAMPLES = r"""
- name: Refuse a new password of replication where --limit leaves out members
  erpops.estate.secret_preflight:
    secrets:
      - name: patroni_replication_password
        path: /etc/erpops/patroni/config/20-secrets.yml
        written: "password: {{ patroni_replication_password | to_json }}\n"
        left_out: "{{ groups['patroni'] | difference(ansible_play_hosts_all) }}"
"""

RETURN = r"""
others:
  description: Names of the secrets that are others than this host knows, all of which every host that shares them gets.
  returned: success
  type: list
  elements: str
  sample: [patroni_replication_password]
error:
  description: V(invalid) where a host that is left out would not learn another secret.
  returned: failure
  type: str
"""

from typing import Any

from ansible_collections.erpops.estate.plugins.module_utils.clients import guard
from ansible_collections.erpops.estate.plugins.module_utils.policy.left_out import Shared, others, secret_objections
from ansible_collections.erpops.estate.plugins.module_utils.quiet import QuietModule
from ansible_collections.erpops.estate.plugins.module_utils.service.files import look

ARGUMENT_SPEC: dict[str, Any] = {
    # The list is not secret, what is written in it is.
    "secrets": {
        "type": "list",
        "elements": "dict",
        "required": True,
        "no_log": False,
        "options": {
            "name": {"type": "str", "required": True},
            "path": {"type": "path", "required": True},
            "written": {"type": "str", "required": True, "no_log": True},
            "owner": {"type": "str", "default": ""},
            "left_out": {"type": "list", "elements": "str", "default": []},
        },
    },
}


def main() -> None:
    """Run the module."""
    module = QuietModule(argument_spec=ARGUMENT_SPEC, supports_check_mode=True)
    guard.writes(allowed=False)
    secrets = [Shared(**{**entry, "left_out": tuple(entry["left_out"])}) for entry in module.params["secrets"]]
    files = {path: look(path) for path in {secret.path for secret in secrets}}
    texts = {path: found.content.decode(errors="replace") for path, found in files.items() if found.exists}
    found = others(secrets, texts)
    sentences = [
        sentence
        for secret in found
        for sentence in secret_objections([secret.name], f"this host's {secret.path}", secret.left_out)
    ]
    if sentences:
        module.fail_json(msg="; ".join(sentences), error="invalid")
    module.exit_json(changed=False, others=[secret.name for secret in found])


if __name__ == "__main__":
    main()
