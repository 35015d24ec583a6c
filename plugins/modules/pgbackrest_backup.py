# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: pgbackrest_backup
short_description: Make a backup of a PostgreSQL cluster now
version_added: "0.1.0"
description:
  - Makes a backup by the unit that makes every other one, on the host whose PostgreSQL leads, and returns when it has
    ended. On the other members nothing is done, so it is run on all of them.
  - Refuses while another backup is running.
  - It takes as long as it takes. For large databases run the task with C(async).
author:
  - erpops.estate contributors (@erpops)
extends_documentation_fragment:
  - erpops.estate.attributes
  - erpops.estate.pgbackrest
attributes:
  check_mode:
    support: full
  diff_mode:
    support: none
  idempotent:
    support: partial
    details: With O(max_age_hours). Without it each run makes a backup.
options:
  type:
    description:
      - V(full) is all there is, V(diff) what differs from the last full one, V(incr) what differs from the last one.
      - pgBackRest makes a full backup where there is none to build on; RV(backup) tells.
    type: str
    choices: [full, diff, incr]
    default: incr
  max_age_hours:
    description: >-
      Make none where the newest sound backup of this type, or of one that has more in it, is no older than this many
      hours.
    type: float
"""

EXAMPLES = r"""
- name: Have a backup that is no older than an hour before the databases are changed
  erpops.estate.pgbackrest_backup:
    max_age_hours: 1
"""

RETURN = r"""
leader:
  description: The member that leads; on the others nothing is done.
  returned: success
  type: str
leads:
  description: Whether that is this host.
  returned: success
  type: bool
label:
  description: Name of the backup that was made, or of the one that is young enough.
  returned: when this host leads
  type: str
  sample: 20261123-041134F_20261123-042257I
backup:
  description: The backup that was made, as an entry of RV(ignore:backups) of M(erpops.estate.pgbackrest_info).
  returned: when one was made
  type: dict
error:
  description: What kind of failure it was, such as V(conflict) while another backup is running.
  returned: failure
  type: str
"""

import time
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.erpops.estate.plugins.module_utils.clients import guard
from ansible_collections.erpops.estate.plugins.module_utils.clients.errors import ClientError
from ansible_collections.erpops.estate.plugins.module_utils.health.pgbackrest import Repository, young_enough
from ansible_collections.erpops.estate.plugins.module_utils.members.pgbackrest_backup import (
    CONNECTION_SPEC,
    connect,
    leader,
    make,
    refuse_while_running,
)
from ansible_collections.erpops.estate.plugins.module_utils.service.connection import recorded_connection


def run(params: dict[str, Any], *, check: bool) -> dict[str, Any]:
    """Return the module's result."""
    patroni = recorded_connection("patroni")
    name = leader(patroni)
    result = {"changed": False, "leader": name, "leads": name == patroni["name"]}
    if not result["leads"]:
        return result
    _stanza, client = connect(params)
    repository = Repository.from_info(client.info())
    limit = params["max_age_hours"]
    young = young_enough(repository, params["type"], now=time.time(), max_age_hours=limit) if limit else None
    if young:
        return {**result, "label": young.label}
    refuse_while_running(repository)
    if check:
        return {**result, "changed": True, "label": ""}
    made = make(client, params["type"])
    return {**result, "changed": True, "label": made["label"], "backup": made}


def main() -> None:
    """Run the module."""
    module = AnsibleModule(
        argument_spec={
            **CONNECTION_SPEC,
            "type": {"type": "str", "choices": ["full", "diff", "incr"], "default": "incr"},
            "max_age_hours": {"type": "float"},
        },
        supports_check_mode=True,
    )
    guard.writes(allowed=not module.check_mode)
    try:
        module.exit_json(**run(module.params, check=module.check_mode))
    except ClientError as error:
        module.fail_json(**error.as_result())


if __name__ == "__main__":
    main()
