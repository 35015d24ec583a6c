#!/usr/bin/python
# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: postgresql_settings_info
short_description: Say which settings are in effect in a member's PostgreSQL
version_added: 0.1.0
description:
  - Reads what is set in the PostgreSQL of this host, by whom, and what single roles and databases have set for
    themselves. Nothing can be written on the connection.
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
  socket_directory:
    description: Directory of the socket; root comes in by it.
    type: path
    default: /var/lib/erpops/patroni/run
  port:
    description: Port of PostgreSQL.
    type: int
    default: 5432
  names:
    description: Settings that are told even where nobody set them.
    type: list
    elements: str
    default: []
seealso:
  - module: erpops.estate.patroni_config
author:
  - erpops.estate contributors (@erpops)
"""

EXAMPLES = r"""
- name: Ask for the settings that are in effect
  erpops.estate.postgresql_settings_info:
    names: [max_connections]
  register: found

- name: Show what waits for a restart
  ansible.builtin.debug:
    msg: "{{ found.settings | dict2items | selectattr('value.pending_restart') | map(attribute='key') }}"
"""

RETURN = r"""
settings:
  description:
    - By name, C(setting), C(unit), C(vartype), C(source), C(sourcefile) and C(pending_restart), as the view pg_settings
      has them.
  returned: success
  type: dict
  sample:
    max_connections: {"setting": "200", "unit": null, "vartype": "integer", "source": "command line",
                      "sourcefile": null, "pending_restart": false}
overrides:
  description: What a C(role) and C(database) (empty is all) have set for themselves, as C(settings).
  returned: success
  type: list
  elements: dict
  sample: [{"role": "north", "database": "", "settings": ["work_mem=1GB"]}]
leads:
  description: Whether the member takes writes.
  returned: success
  type: bool
error:
  description: The kind of failure, for who has to tell them apart, such as V(unreachable).
  returned: failure
  type: str
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.erpops.estate.plugins.module_utils.clients import guard, postgresql_settings
from ansible_collections.erpops.estate.plugins.module_utils.clients.errors import ClientError
from ansible_collections.erpops.estate.plugins.module_utils.clients.odoo_database import Database


def main() -> None:
    """Run the module."""
    module = AnsibleModule(
        argument_spec={
            "socket_directory": {"type": "path", "default": "/var/lib/erpops/patroni/run"},
            "port": {"type": "int", "default": 5432},
            "names": {"type": "list", "elements": "str", "default": []},
        },
        supports_check_mode=True,
    )
    guard.writes(allowed=False)
    params = module.params
    place = {"host": params["socket_directory"], "port": params["port"], "user": "postgres", "dbname": "postgres"}
    try:
        with Database(f"PostgreSQL at {params['socket_directory']}", place) as database:
            database.forbid_writes()
            found = {
                "settings": postgresql_settings.effective(database, params["names"]),
                "overrides": postgresql_settings.overrides(database),
                "leads": postgresql_settings.leads(database),
            }
    except ClientError as error:
        module.fail_json(**error.as_result())
    module.exit_json(changed=False, **found)


if __name__ == "__main__":
    main()
