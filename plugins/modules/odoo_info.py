#!/usr/bin/python
# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: odoo_info
short_description: See how an Odoo instance is
version_added: "0.1.0"
description:
  - Asks the instance's containers on this host, its database and its sessions in Redis, and changes nothing.
  - What cannot be asked is V(null), and C(problems) says why; the module fails only where the instance is not known.
extends_documentation_fragment:
  - erpops.estate.attributes
  - erpops.estate.odoo
attributes:
  check_mode:
    support: full
  diff_mode:
    support: none
  idempotent:
    support: full
options:
  late_after:
    description:
      - Seconds after which a scheduled action that should have run counts as late. Odoo's workers look every 60 s.
    type: int
    default: 300
author:
  - erpops.estate contributors (@erpops)
"""

EXAMPLES = r"""
- name: See how north is
  erpops.estate.odoo_info:
    name: north
  register: north

- name: Go on only where nothing is wrong with it
  ansible.builtin.assert:
    that: north.odoo.problems | length == 0
    fail_msg: "{{ north.odoo.problems | join('\n') }}"
"""

RETURN = r"""
odoo:
  description: The instance as it is seen from this host.
  returned: success
  type: dict
  contains:
    name:
      description: Its name.
      type: str
      returned: always
    database:
      description: Name of its database.
      type: str
      returned: always
    version:
      description: Odoo's version as the web container says it; empty where none answers.
      type: str
      returned: always
      sample: "19.0"
    image:
      description: Image of the web container, by digest.
      type: str
      returned: always
    containers:
      description:
        - By C(web), C(cron) and C(jobs) the container's C(image); C(shallow), whether it takes requests; C(deep),
          whether it does all of its part, its way to database and sessions included; C(role), and C(reasons) for a no.
      type: dict
      returned: always
    modules:
      description: C(state) and C(version) of every module that is installed or on its way, by name.
      type: dict
      returned: always
      sample: {"sale": {"state": "installed", "version": "19.0.1.2"}}
    sessions:
      description: Sessions C(alive), and those of them C(active) in the last 15 minutes; visitors count too.
      type: dict
      returned: always
      sample: {"alive": 41, "active": 7}
    queue:
      description:
        - By channel, how many jobs wait in each state, how many have C(failed), and the age of the oldest one that is
          still owed (C(oldest_seconds)).
      type: dict
      returned: always
      sample: {"root": {"pending": 3, "enqueued": 0, "started": 1, "failed": 0, "oldest_seconds": 12}}
    scheduled_actions:
      description: How many are C(active) and C(inactive), and those that are C(late), each with its seconds.
      type: dict
      returned: always
      sample: {"active": 19, "inactive": 4, "late": [{"id": 3, "name": "Mail", "late_seconds": 900, "failures": 0}]}
    unknown_requests:
      description:
        - The last 100 requests at this host of which Odoo could not say whether they were carried out. Their connection
          to the database was lost in the COMMIT (C(outcome) V(unknown)), or after an earlier one (V(partly done)).
        - C(state) is what the database says of their C(transaction) now, V(committed), V(aborted) or V(in progress);
          V(unknown) where it cannot say.
      type: list
      elements: dict
      returned: always
      sample:
        - {"at": "2026-03-01T09:12:44.120+00:00", "outcome": "unknown", "transaction": "90712", "state": "committed",
           "method": "POST", "path": "/json/2/sale.order/create", "database": "north", "user": 2, "client": "10.0.0.7"}
    problems:
      description: What is not as it should be, one sentence each.
      type: list
      elements: str
      returned: always
error:
  description: The kind of failure, for who has to tell them apart, such as V(unreachable) or V(refused).
  returned: failure
  type: str
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.erpops.estate.plugins.module_utils.clients import guard
from ansible_collections.erpops.estate.plugins.module_utils.clients.errors import ClientError
from ansible_collections.erpops.estate.plugins.module_utils.clients.odoo_host import HOST_SPEC, OdooHost
from ansible_collections.erpops.estate.plugins.module_utils.members.odoo_instance import look


def main() -> None:
    """Run the module."""
    module = AnsibleModule(
        argument_spec={**HOST_SPEC, "late_after": {"type": "int", "default": 300}}, supports_check_mode=True
    )
    guard.writes(allowed=False)
    try:
        host = OdooHost(module.params["name"], module.params["directory"])
        module.exit_json(changed=False, odoo=look(host, late_after=module.params["late_after"]))
    except ClientError as error:
        module.fail_json(**error.as_result())


if __name__ == "__main__":
    main()
