#!/usr/bin/python
# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: service
short_description: Make one containerised service of this host what it should be
version_added: 0.1.0
description:
  - Compares files, directories, image and container with I(definition), writes and replaces what differs,
    waits until the service is healthy and only then records it as proven.
  - A difference is work whoever caused it. A new release, a run that was interrupted, a file edited or a
    container stopped by hand are all mended by the next run. Where nothing differs nothing is done.
  - A running container is replaced for a reason only, and each reason is named in RV(replace_reasons).
  - What a member of a cluster has to prove before it may be replaced is asked of the cluster itself.
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
    description: Name of the service and of its container.
    type: str
    required: true
  definition:
    description: What the service should be on this host.
    type: dict
    required: true
    suboptions:
      image:
        description: Image by digest (C(registry/name@sha256:...)), or the id of an image that is on the host.
        type: str
        required: true
      command:
        description: Arguments of the image's entry point, or the command when it has none.
        type: list
        elements: str
        default: []
      user:
        description: Numeric user and group of the process, C(902:902).
        type: str
      network:
        description: Network of the container.
        type: str
        choices: [host, bridge, none]
        default: bridge
      ports:
        description: Ports that are published.
        type: list
        elements: dict
        default: []
        suboptions:
          host_ip:
            description: Address of this host; the port is reachable on this one only.
            type: str
            required: true
          host_port:
            description: Port on this host.
            type: int
            required: true
          container_port:
            description: Port in the container.
            type: int
            required: true
      env:
        description: Environment of the process. Whoever may ask the engine can read it, so it holds no secret.
        type: dict
        default: {}
      directories:
        description: Directories on this host.
        type: list
        elements: dict
        default: []
        suboptions:
          path:
            description: Absolute path.
            type: path
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
            default: "0755"
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
            description:
              - What a change calls for.
              - V(none) is for files that the daemon watches itself.
            type: str
            choices: [replace, reload, none]
            default: replace
          once:
            description: Write the file only when there is none, since the daemon rewrites it.
            type: bool
            default: false
          validate:
            description:
              - Command that checks the candidate before it is moved into place, run in a container of its own
                with the service's image, user and mounts. C(%s) is the candidate's path in there.
            type: list
            elements: str
          keeps_drained:
            description: Servers that M(erpops.estate.traefik_server) took out of service in this file stay so.
            type: bool
            default: false
      secret_files:
        description: As I(files); their content is in no output, not even in a diff.
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
            default: "0400"
          on_change:
            description: What a change calls for.
            type: str
            choices: [replace, reload, none]
            default: replace
          once:
            description: Write the file only when there is none, since the daemon rewrites it.
            type: bool
            default: false
          validate:
            description: As in I(files).
            type: list
            elements: str
      watches:
        description: Files that something else writes, such as certificates.
        type: list
        elements: dict
        default: []
        suboptions:
          path:
            description: Absolute path.
            type: path
            required: true
          on_change:
            description: What a change calls for.
            type: str
            choices: [replace, reload, none]
            default: replace
      mounts:
        description: Directories of this host that the container sees. Single files cannot be replaced atomically.
        type: list
        elements: dict
        default: []
        suboptions:
          source:
            description: Directory on this host.
            type: path
            required: true
          target:
            description: Directory in the container.
            type: path
            required: true
          read_only:
            description: Whether the container may not write there.
            type: bool
            default: false
      tmpfs:
        description: Directories in the container that live in memory.
        type: list
        elements: str
        default: []
      capabilities:
        description: Capabilities of the process. All others are dropped.
        type: list
        elements: str
        default: []
      memory_mb:
        description: Memory limit in MiB, changed without a restart. No limit when omitted.
        type: int
      cpus:
        description: CPU limit in cores, changed without a restart. No limit when omitted.
        type: float
      pids:
        description: Limit of processes and threads. No limit when omitted.
        type: int
      shm_size_mb:
        description: Size of C(/dev/shm) in MiB.
        type: int
      ulimits:
        description: Limits of the process by name, soft and hard alike.
        type: dict
        default: {}
      init:
        description: Whether the engine's init reaps orphans as process 1.
        type: bool
        default: false
      stop_signal:
        description: Signal that asks the process to end.
        type: str
      stop_timeout:
        description: Seconds the process gets to end before it is killed.
        type: int
        default: 10
      reload:
        description: How the running process takes over files whose I(on_change) is V(reload).
        type: dict
        suboptions:
          signal:
            description: Signal to its first process.
            type: str
          exec:
            description: Command to run in the container.
            type: list
            elements: str
      health:
        description: The predicate that says whether the service is healthy and has caught up.
        type: dict
        suboptions:
          kind:
            description: Kind of member, such as V(etcd) or V(patroni).
            type: str
            required: true
          params:
            description: What the member needs to be asked. Addresses and paths of files on this host, no secrets.
            type: dict
            default: {}
      health_timeout:
        description: Seconds the service gets to become healthy.
        type: float
        default: 60
  replace:
    description:
      - V(defer) leaves a running container that has to be replaced untouched and returns RV(replace_reasons). Only
        secrets that the daemon reads anew each time (C(on_change=none)) are written at once.
      - V(gated) asks the cluster first whether it survives losing this member, and moves leadership away.
    type: str
    choices: [defer, gated]
    default: gated
  gate_timeout:
    description: Seconds to wait for the gate to open.
    type: float
    default: 60
author:
  - erpops.estate contributors (@erpops)
"""

EXAMPLES = r"""
- name: Run the image registry
  erpops.estate.service:
    name: image_registry
    definition:
      image: registry.example.com/erpops/image_registry@sha256:0f1d...
      network: host
      user: "906:906"
      files:
        - path: /etc/erpops/image_registry/config.yml
          content: "{{ lookup('ansible.builtin.template', 'config.yml.j2') }}"
      mounts:
        - {source: /etc/erpops/image_registry, target: /etc/image_registry, read_only: true}
      health:
        kind: image_registry
        params: {address: 10.0.0.21, port: 5000, ca_file: /etc/erpops/tls/ca.crt}
"""

RETURN = r"""
evidence:
  description: What the record of the run keeps of it, where the run is recorded.
  returned: success
  type: list
  elements: dict
decision:
  description: What was done, or in check mode would be done, with the container.
  returned: success
  type: str
  sample: reload
reasons:
  description: Why.
  returned: success
  type: list
  elements: str
replace_reasons:
  description: Why the running container has to be replaced; empty unless O(replace=defer) left it untouched.
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
    kind: {description: "V(image), V(container) or V(file).", type: str}
    object: {description: "What differs, a path for a file.", type: str}
    expected: {description: What is declared; a digest for what is long., type: str}
    found: {description: What was there., type: str}
leads:
  description: Whether this member led its cluster when the module began.
  returned: success
  type: bool
health:
  description: The verdict of the health predicate, with C(ok), C(reasons) and C(facts).
  returned: success
  type: dict
error:
  description:
    - The kind of failure, for who has to tell them apart, such as V(refused) for a gate that did not open or a file
      that the daemon's own check refused, V(timed_out) for a service that did not get well, V(unreachable),
      V(invalid).
  returned: failure
  type: str
"""

from ansible_collections.erpops.estate.plugins.module_utils.clients import guard
from ansible_collections.erpops.estate.plugins.module_utils.clients.docker_engine import Engine
from ansible_collections.erpops.estate.plugins.module_utils.clients.errors import ClientError
from ansible_collections.erpops.estate.plugins.module_utils.members import build
from ansible_collections.erpops.estate.plugins.module_utils.policy.definition import Definition
from ansible_collections.erpops.estate.plugins.module_utils.quiet import QuietModule
from ansible_collections.erpops.estate.plugins.module_utils.service.converger import Converger
from ansible_collections.erpops.estate.plugins.module_utils.service.record import Record
from ansible_collections.erpops.estate.plugins.module_utils.service.run import run
from ansible_collections.erpops.estate.plugins.module_utils.service.spec import ARGUMENT_SPEC


def main() -> None:
    """Run the module."""
    module = QuietModule(argument_spec=ARGUMENT_SPEC, supports_check_mode=True)
    guard.writes(allowed=not module.check_mode)
    params = module.params
    definition = Definition.from_params(params["name"], params["definition"])
    try:
        health = definition.health
        member = build(health["kind"], health["params"]) if health else None
        converger = Converger(definition, Engine(), Record(definition.name), member)
        result = run(converger, replace=params["replace"], gate_timeout=params["gate_timeout"], check=module.check_mode)
    except ClientError as error:
        module.fail_json(**error.as_result())
    except ValueError as error:
        module.fail_json(msg=str(error), error="invalid")
    module.exit_json(**result)


if __name__ == "__main__":
    main()
