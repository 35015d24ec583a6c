#!/usr/bin/python
# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: drill_fault
short_description: Do one fault to a host, and lift it
version_added: "0.1.0"
description:
  - Does what a drill strikes with to this host, or to one of its containers, and lifts it again. It mends nothing else.
  - A timer of the host lifts the fault after O(lift_after) seconds, whatever becomes of the run and of etcd. There is
    one fault at a time on a host. What a drill has left that died before there was a timer is lifted by the next.
  - SSH stays open, whatever the fault.
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
  state:
    description: Whether the fault is there.
    type: str
    choices: [injected, lifted]
    default: injected
  fault:
    description:
      - V(killed), a container is killed and stays away; lifted, the engine starts it.
      - V(crashed), the first process of a container dies, and the engine starts it again; there is nothing to lift.
      - V(postgresql_killed), PostgreSQL's first process in the container is killed; there is nothing to lift.
      - V(frozen), all processes of a container stop where they are.
      - V(wrong_clock), the program of a container starts anew and believes that it is an hour later; lifted, it starts
        anew and sees the time as it is. The host has to have the package libfaketime; its own clock is never set.
      - V(disk_full), there is no room left on the volume of a container's data. It has to be a volume of its own,
        mounted where the container has its data from; a disk that others share is never filled.
      - V(cut_off), no packet between O(peers) and services of the host itself gets through where O(ports) are those of
        either. Containers on a bridge of the host are not concerned.
      - V(isolated), no packet gets through but those of SSH.
      - V(lost), the host loses its power as far as others can see, V(isolated) and every container killed; lifted, its
        engine and its virtual address start as when a host boots.
      - V(engine_restarted), the Docker engine restarts; there is nothing to lift.
      - It is required to inject.
    type: str
    choices:
      [killed, crashed, postgresql_killed, frozen, wrong_clock, disk_full, cut_off, isolated, lost, engine_restarted]
  service:
    description: Name of the container, for a fault of one.
    type: str
    default: ""
  peers:
    description: Addresses (IPv4), for V(cut_off).
    type: list
    elements: str
    default: []
  ports:
    description: Ports (TCP), for V(cut_off).
    type: list
    elements: int
    default: []
  ssh_port:
    description: Port of SSH, which stays open.
    type: int
    default: 22
  lift_after:
    description: Seconds after which a timer of the host lifts the fault, from 5 to 3600.
    type: int
    default: 120
"""

EXAMPLES = r"""
- name: Hang the edge for a minute at most
  erpops.estate.drill_fault:
    fault: frozen
    service: traefik
    lift_after: 60

- name: Lift it
  erpops.estate.drill_fault:
    state: lifted
"""

RETURN = r"""
actions:
  description: What was done, or in check mode would be done.
  returned: success
  type: list
  elements: str
  sample: ["frozen traefik"]
left:
  description: What was lifted before, because a drill had left it that died before there was a timer.
  returned: success
  type: list
  elements: str
  sample: ["lifted what an earlier drill has left: a fault that was begun"]
error:
  description:
    - The kind of failure, for who has to tell them apart, such as V(conflict) for the fault of another drill.
  returned: failure
  type: str
"""

from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.erpops.estate.plugins.module_utils.clients import guard
from ansible_collections.erpops.estate.plugins.module_utils.clients.errors import ClientError
from ansible_collections.erpops.estate.plugins.module_utils.clients.host_fault import HostFault
from ansible_collections.erpops.estate.plugins.module_utils.policy.drill_faults import KINDS, Fault, objection

ARGUMENT_SPEC: dict[str, Any] = {
    "state": {"type": "str", "choices": ["injected", "lifted"], "default": "injected"},
    "fault": {"type": "str", "choices": list(KINDS)},
    "service": {"type": "str", "default": ""},
    "peers": {"type": "list", "elements": "str", "default": []},
    "ports": {"type": "list", "elements": "int", "default": []},
    "ssh_port": {"type": "int", "default": 22},
    "lift_after": {"type": "int", "default": 120},
}


def take_back(host: HostFault, *, check: bool) -> list[str]:
    """Lift what nobody else is going to lift: its drill died before it had a timer, or the timer could not do it."""
    found = host.found()
    if found is None or host.armed():
        return []
    if not check:
        host.lift()
    return [f"lifted what an earlier drill has left: {found.get('fault', 'a fault that was begun')}"]


def converge(host: HostFault, params: dict[str, Any], *, check: bool) -> tuple[list[str], list[str]]:
    """Inject or lift, and return what was done, and before it with what an earlier drill has left."""
    left = take_back(host, check=check) if params["state"] == "injected" else []
    return act(host, params, None if left else host.found(), check=check), left


def act(host: HostFault, params: dict[str, Any], found: dict[str, Any] | None, *, check: bool) -> list[str]:
    """Do what is asked for where ``found`` is not that, and return what was done."""
    if params["state"] == "lifted":
        if found is not None and not check:
            host.lift()
        return (
            []
            if found is None
            else [f"lifted {found.get('fault', 'what was left')} {found.get('service', '')}".strip()]
        )
    wanted = {name: params[name] for name in ("fault", "service", "peers", "ports")}
    if found == wanted:
        return []
    fault = Fault(params["fault"], params["service"], params["peers"], params["ports"], params["ssh_port"])
    problem = objection(fault)
    if problem or not 5 <= params["lift_after"] <= 3600:
        raise ValueError(problem or f"lift_after: expected 5 to 3600, found {params['lift_after']}")
    if not check:
        host.inject(wanted, fault.inject(), fault.lift(), params["lift_after"])
    return [f"{fault.kind} {fault.service}".strip()]


def main() -> None:
    """Run the module."""
    module = AnsibleModule(
        argument_spec=ARGUMENT_SPEC,
        required_if=[("state", "injected", ["fault"])],
        supports_check_mode=True,
    )
    guard.writes(allowed=not module.check_mode)
    try:
        actions, left = converge(HostFault(), module.params, check=module.check_mode)
    except ValueError as error:
        module.fail_json(msg=str(error), error="invalid")
    except ClientError as error:
        module.fail_json(**error.as_result())
    module.exit_json(changed=bool(actions or left), actions=actions, left=left)


if __name__ == "__main__":
    main()
