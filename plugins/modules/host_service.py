#!/usr/bin/python
# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: host_service
short_description: Make one service that a distribution package brings what it should be
version_added: 0.1.0
description:
  - For the few services that must run when the container engine does not. What M(erpops.estate.service) does
    for a container, this does for a systemd unit, by the same rules.
  - Installs the package when it is missing, writes the files that differ, enables and starts the unit or lets
    it reload, waits until it is healthy and only then records it as proven. A unit is never restarted.
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
    description: Name of the unit.
    type: str
    required: true
  package:
    description: Distribution package that brings the unit; named as the unit when omitted.
    type: str
  files:
    description: Files on this host.
    type: list
    elements: dict
    default: []
    suboptions:
      path:
        description: Absolute path.
        type: path
        required: true
      content:
        description: What the file holds.
        type: str
        required: true
      owner:
        description: Numeric user id.
        type: int
        default: 0
      group:
        description: Numeric group id.
        type: int
        default: 0
      mode:
        description: Octal permissions.
        type: str
        default: "0644"
      on_change:
        description: What a change calls for.
        type: str
        choices: [reload, none]
        default: reload
      validate:
        description: Command that refuses an invalid candidate. C(%s) is its path.
        type: list
        elements: str
  reload:
    description: Command by which the running unit takes over its files.
    type: list
    elements: str
    required: true
  health:
    description: The predicate that says whether the service is healthy.
    type: dict
    required: true
    suboptions:
      kind:
        description: Kind of member, such as V(keepalived).
        type: str
        required: true
      params:
        description: What the member needs to be asked; no secrets.
        type: dict
        default: {}
  health_timeout:
    description: Seconds the service gets to become healthy.
    type: float
    default: 30
author:
  - erpops.estate contributors (@erpops)
"""

EXAMPLES = r"""
- name: Run keepalived
  erpops.estate.host_service:
    name: keepalived
    files:
      - path: /etc/keepalived/keepalived.conf
        content: "{{ lookup('ansible.builtin.template', 'keepalived.conf.j2') }}"
        validate: [keepalived, --config-test, --use-file, "%s"]
    reload: [systemctl, reload, keepalived]
    health:
      kind: keepalived
      params: {address: 10.0.0.10, router_id: 51, priority: 100}
"""

RETURN = r"""
decision:
  description: What was done, or in check mode would be done, with the unit.
  returned: success
  type: str
  sample: reload
reasons:
  description: Why.
  returned: success
  type: list
  elements: str
actions:
  description: Everything that was done, in order.
  returned: success
  type: list
  elements: str
differences:
  description:
    - How the service was not as declared when the module began, whether it was mended or not. No secret is in it.
  returned: success
  type: list
  elements: dict
  contains:
    kind:
      description: V(image), V(unit) or V(file).
      type: str
    object:
      description: What differs, a path for a file.
      type: str
    expected:
      description: What is declared; a digest for what is long.
      type: str
    found:
      description: What was there.
      type: str
health:
  description: The verdict of the health predicate, with C(ok), C(reasons) and C(facts).
  returned: success
  type: dict
error:
  description:
    - The kind of failure, for who has to tell them apart, such as V(refused) for a file that the daemon's own check
      refused, V(timed_out) for a service that did not get well, V(invalid).
  returned: failure
  type: str
"""

from collections.abc import Mapping
from typing import Any

from ansible_collections.erpops.estate.plugins.module_utils.clients import guard
from ansible_collections.erpops.estate.plugins.module_utils.clients.errors import ClientError
from ansible_collections.erpops.estate.plugins.module_utils.clients.systemd import Units
from ansible_collections.erpops.estate.plugins.module_utils.members import build
from ansible_collections.erpops.estate.plugins.module_utils.policy.definition import Definition, ManagedFile
from ansible_collections.erpops.estate.plugins.module_utils.quiet import QuietModule
from ansible_collections.erpops.estate.plugins.module_utils.service.converger import Converger
from ansible_collections.erpops.estate.plugins.module_utils.service.record import Record
from ansible_collections.erpops.estate.plugins.module_utils.service.run import run

FILE = {
    "path": {"type": "path", "required": True},
    "content": {"type": "str", "required": True},
    "owner": {"type": "int", "default": 0},
    "group": {"type": "int", "default": 0},
    "mode": {"type": "str", "default": "0644"},
    "on_change": {"type": "str", "choices": ["reload", "none"], "default": "reload"},
    "validate": {"type": "list", "elements": "str"},
}

ARGUMENT_SPEC = {
    "name": {"type": "str", "required": True},
    "package": {"type": "str"},
    "files": {"type": "list", "elements": "dict", "default": [], "options": FILE},
    "reload": {"type": "list", "elements": "str", "required": True},
    "health": {
        "type": "dict",
        "required": True,
        "options": {"kind": {"type": "str", "required": True}, "params": {"type": "dict", "default": {}}},
    },
    "health_timeout": {"type": "float", "default": 30},
}


def managed_file(entry: Mapping[str, Any]) -> ManagedFile:
    """Return the file that an entry of O(files) describes."""
    return ManagedFile(
        path=entry["path"],
        content=entry["content"].encode(),
        owner=entry["owner"],
        group=entry["group"],
        mode=int(entry["mode"], 8),
        on_change=entry["on_change"],
        once=False,
        validate=tuple(entry["validate"] or ()),
        secret=False,
    )


def _of_unit(difference: dict[str, str]) -> dict[str, str]:
    return {key: value.replace("container", "unit") for key, value in difference.items()}


def main() -> None:
    """Run the module."""
    module = QuietModule(argument_spec=ARGUMENT_SPEC, supports_check_mode=True)
    guard.writes(allowed=not module.check_mode)
    params = module.params
    package = params["package"] or params["name"]
    definition = Definition(
        name=params["name"],
        image=package,
        options={"mounts": None},
        directories=(),
        files=tuple(managed_file(entry) for entry in params["files"]),
        watches={},
        limits={},
        reload={"exec": params["reload"]},
        health=params["health"],
        health_timeout=params["health_timeout"],
    )
    try:
        member = build(params["health"]["kind"], params["health"]["params"])
        converger = Converger(definition, Units(package), Record(definition.name), member)
        result = run(converger, replace="gated", gate_timeout=0, check=module.check_mode)
    except ClientError as error:
        module.fail_json(**error.as_result())
    except ValueError as error:
        module.fail_json(msg=str(error), error="invalid")
    module.exit_json(
        changed=result["changed"],
        decision=result["decision"],
        # The converger speaks of containers.
        reasons=[reason.replace("container", "unit") for reason in result["reasons"]],
        actions=[action.replace("container", "unit") for action in result["actions"]],
        differences=[_of_unit(entry) for entry in result["differences"]],
        health=result["health"],
        diff=[entry for entry in result["diff"] if entry["after_header"] != "container"],
    )


if __name__ == "__main__":
    main()
