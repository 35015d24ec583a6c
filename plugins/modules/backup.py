#!/usr/bin/python
# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: backup
short_description: Make the backups of a PostgreSQL cluster what they should be
version_added: 0.1.0
description:
  - On every member it writes pgBackRest's configuration and the units, and enables the timers.
  - Where the leader runs it makes the stanza and the first full backup when they are missing, and after a change of
    the configuration checks that WAL arrives in the repository.
  - Another passphrase for a repository that the one in the configuration opens is refused before anything is written.
  - Nothing is done to a repository that is as it should be. A backup that is too old is a warning, no failure.
extends_documentation_fragment:
  - erpops.estate.attributes
  - erpops.estate.host_part
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
  idempotent:
    support: full
options:
  stanza:
    description: Name of the cluster in the repository.
    type: str
    required: true
  container:
    description: Container of the database, which holds pgBackRest too.
    type: str
    default: patroni
  patroni:
    description: Patroni's REST API on this host, which knows where the leader runs.
    type: dict
    required: true
    suboptions:
      address:
        description: Address of the API.
        type: str
        required: true
      port:
        description: Port of the API.
        type: int
        default: 8008
      ca_file:
        description: File with the authority that signed its certificate.
        type: path
        required: true
  first_backup:
    description: Unit that makes a full backup.
    type: str
    required: true
  max_age_hours:
    description: Age from which the newest backup is too old.
    type: float
    default: 50
author:
  - erpops.estate contributors (@erpops)
"""

EXAMPLES = r"""
- name: Converge the backups
  erpops.estate.backup:
    stanza: estate
    patroni: {address: 10.0.0.11, ca_file: /etc/erpops/tls/ca.crt}
    secret_files:
      - path: /etc/erpops/pgbackrest/pgbackrest.conf
        content: "{{ lookup('ansible.builtin.template', 'pgbackrest.conf.j2') }}"
        owner: 902
        group: 902
    timers: [erpops-backup-full.timer, erpops-backup-incremental.timer]
    first_backup: erpops-backup@full.service
"""

RETURN = r"""
actions:
  description: Everything that was done, or in check mode would be done, in order.
  returned: success
  type: list
  elements: str
  sample: ["wrote /etc/erpops/pgbackrest/pgbackrest.conf", "created the stanza"]
leads:
  description: Whether this member leads its cluster.
  returned: success
  type: bool
health:
  description: Where the leader runs, the verdict on the backups with C(ok), C(reasons) and C(facts).
  returned: success
  type: dict
units:
  description: The files of systemd that are kept on this host.
  returned: success
  type: list
  elements: str
  sample: ["/etc/systemd/system/erpops-backup-full.timer"]
error:
  description:
    - The kind of failure, for who has to tell them apart, such as V(refused) for a file that was refused or a backup
      that failed, V(timed_out), V(unreachable).
  returned: failure
  type: str
"""

from typing import Any

from ansible_collections.erpops.estate.plugins.module_utils.clients import guard
from ansible_collections.erpops.estate.plugins.module_utils.clients.errors import ClientError
from ansible_collections.erpops.estate.plugins.module_utils.members.pgbackrest import PgbackrestMember
from ansible_collections.erpops.estate.plugins.module_utils.quiet import QuietModule
from ansible_collections.erpops.estate.plugins.module_utils.service.backup import (
    converge_repository,
    keep_passphrase,
    result,
)
from ansible_collections.erpops.estate.plugins.module_utils.service.host_part import (
    HOST_PART_SPEC,
    converge_host,
    host_part,
)

ARGUMENT_SPEC: dict[str, Any] = {
    "stanza": {"type": "str", "required": True},
    "container": {"type": "str", "default": "patroni"},
    "patroni": {
        "type": "dict",
        "required": True,
        "options": {
            "address": {"type": "str", "required": True},
            "port": {"type": "int", "default": 8008},
            "ca_file": {"type": "path", "required": True},
        },
    },
    **HOST_PART_SPEC,
    "first_backup": {"type": "str", "required": True},
    "max_age_hours": {"type": "float", "default": 50},
}


def main() -> None:
    """Run the module."""
    module = QuietModule(argument_spec=ARGUMENT_SPEC, supports_check_mode=True)
    guard.writes(allowed=not module.check_mode)
    params, check = module.params, module.check_mode
    try:
        part = host_part(params)
        member = PgbackrestMember({**params["patroni"], **params})
        keep_passphrase(part, member)
        outcome = converge_host(part, check=check)
        leads = member.on_leader()
        health = None
        # Before its configuration is in place the repository cannot be asked.
        if leads and not (check and outcome.reconfigured):
            outcome.actions += converge_repository(
                member, params["first_backup"], reconfigured=outcome.reconfigured, check=check
            )
            health = member.health()
            for reason in () if check else health.reasons:
                module.warn(reason)
    except ClientError as error:
        module.fail_json(**error.as_result())
    module.exit_json(**result(outcome, leads=leads, health=health))


if __name__ == "__main__":
    main()
