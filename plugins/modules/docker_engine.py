#!/usr/bin/python
# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Converges the Docker engine's configuration without touching a running container."""

from __future__ import annotations

DOCUMENTATION = r"""
module: docker_engine
short_description: Converges the Docker engine's configuration without touching a running container
version_added: 0.1.0
description:
  - Writes C(daemon.json) and the certificates of the CAs that registries are trusted by, starts the engine, and has it
    take over what differs from what its process has read.
  - What the engine reloads is reloaded. For the rest the engine is restarted, and only while live-restore is on in the
    running engine, so that containers go on.
  - When the engine is not installed, the files are written and RV(installed) says so.
author:
  - erpops.estate contributors (@erpops)
attributes:
  check_mode:
    description: Can run in C(check_mode) and return the changed status prediction.
    support: full
  diff_mode:
    description: Shows how C(daemon.json) changes.
    support: full
  idempotent:
    description: When run twice in a row, the second run changes nothing.
    support: full
options:
  config:
    description: The whole content of C(daemon.json).
    type: dict
    required: true
  registries:
    description: Registries whose certificates are signed by a CA of one's own.
    type: list
    elements: dict
    default: []
    suboptions:
      name:
        description: The registry as it stands in image names, C(host:port).
        type: str
        required: true
      authority:
        description: The CA's certificate in PEM.
        type: str
      authority_file:
        description: A file on this host that holds the CA's certificate, used when O(registries[].authority) is empty.
        type: path
        default: /etc/erpops/tls/ca.crt
"""

EXAMPLES = r"""
- name: Configure the Docker engine
  erpops.estate.docker_engine:
    config:
      live-restore: true
      log-driver: json-file
      log-opts: {max-size: 50m, max-file: "3"}
    registries:
      - name: registry.estate.internal:5000
"""

RETURN = r"""
installed:
  description: Whether the engine is installed.
  returned: always
  type: bool
actions:
  description: What was done, or would be.
  returned: always
  type: list
  elements: str
reasons:
  description: Why, in sentences.
  returned: always
  type: list
  elements: str
version:
  description: Version of the running engine; empty when none runs.
  returned: always
  type: str
error:
  description:
    - The kind of failure, for who has to tell them apart, such as V(refused) for what systemd or the package manager
      refused, V(timed_out), V(unreachable).
  returned: failure
  type: str
"""

from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.erpops.estate.plugins.module_utils.clients import guard
from ansible_collections.erpops.estate.plugins.module_utils.clients.errors import ClientError
from ansible_collections.erpops.estate.plugins.module_utils.service.engine_configuration import EngineConfiguration

REGISTRY = {
    "name": {"type": "str", "required": True},
    "authority": {"type": "str"},
    "authority_file": {"type": "path", "default": "/etc/erpops/tls/ca.crt"},
}
SPEC = {
    "config": {"type": "dict", "required": True},
    "registries": {"type": "list", "elements": "dict", "default": [], "options": REGISTRY},
}


def main() -> None:
    """Entry point."""
    module = AnsibleModule(argument_spec=SPEC, supports_check_mode=True)
    guard.writes(allowed=not module.check_mode)

    def run(command: list[str]) -> tuple[int, str, str]:
        status, output, errors = module.run_command(command)
        return int(status), str(output), str(errors)

    try:
        result: dict[str, Any] = EngineConfiguration(
            module.params["config"], module.params["registries"], run, dry=module.check_mode
        ).converge()
    except ClientError as error:
        module.fail_json(**error.as_result())
    module.exit_json(**result)


if __name__ == "__main__":
    main()
