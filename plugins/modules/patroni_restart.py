# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: patroni_restart
short_description: Restart PostgreSQL in order, where it is pending or asked for
version_added: "0.1.0"
description:
  - Restarts members that wait for a restart. Replicas first, one at a time, each only while another standby of
    the quorum has caught up, and the next only after the one before has caught up again. Then the leader hands
    over by a switchover, which restarts it on the way.
  - Where a parameter that a standby may not have lower than its leader was lowered, the leader restarts in
    place, first.
  - Members that wait for nothing are left alone, unless O(started_before) asks for them.
author:
  - erpops.estate contributors (@erpops)
extends_documentation_fragment:
  - erpops.estate.attributes
  - erpops.estate.patroni
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
  idempotent:
    support: full
options:
  started_before:
    description:
      - Restart every member, too, whose PostgreSQL was started before this moment. It is a time with its zone
        (ISO 8601), or V(now). A run that was interrupted is finished by the next one with the same time.
    type: str
  timeout:
    description: Seconds that each step may take, catching up included.
    type: int
    default: 600
"""

EXAMPLES = r"""
- name: Carry out pending restarts
  erpops.estate.patroni_restart:
    members: {db1: 10.0.0.1, db2: 10.0.0.2, db3: 10.0.0.3}
    ca_file: /etc/erpops/tls/ca.crt
    username: patroni
    password_file: /etc/erpops/patroni/rest.password

- name: Restart whatever has been running since before this maintenance
  erpops.estate.patroni_restart:
    members: {db1: 10.0.0.1, db2: 10.0.0.2, db3: 10.0.0.3}
    ca_file: /etc/erpops/tls/ca.crt
    username: patroni
    password_file: /etc/erpops/patroni/rest.password
    started_before: "2026-11-23T22:00:00+01:00"
"""

RETURN = r"""
waiting:
  description: Members that waited for a restart or were asked to, the leader last.
  returned: success
  type: list
  elements: str
actions:
  description: What was done, in order.
  returned: success
  type: list
  elements: str
  sample: ["PostgreSQL restarted on db2", "PostgreSQL leadership moved from db1 to db2"]
error:
  description:
    - The kind of failure, for who has to tell them apart, such as V(unreachable), V(not_trusted), V(not_authorised),
      V(timed_out), V(invalid).
  returned: failure
  type: str
"""

from datetime import UTC, datetime

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.erpops.estate.plugins.module_utils.clients import guard
from ansible_collections.erpops.estate.plugins.module_utils.clients.errors import ClientError
from ansible_collections.erpops.estate.plugins.module_utils.members.patroni import CONNECTION_SPEC, WRITING, connect
from ansible_collections.erpops.estate.plugins.module_utils.members.patroni_restart import Restarter
from ansible_collections.erpops.estate.plugins.module_utils.policy.shown import steps
from ansible_collections.erpops.estate.plugins.module_utils.service.connection import completed


def moment(text: str | None) -> datetime | None:
    """Return the moment that is meant; a time without its zone is an error."""
    if not text:
        return None
    found = datetime.now(UTC) if text == "now" else datetime.fromisoformat(text)
    if found.tzinfo is None:
        raise ValueError(f"{text} has no zone")
    return found


def main() -> None:
    """Run the module."""
    module = AnsibleModule(
        argument_spec={
            **CONNECTION_SPEC,
            "started_before": {"type": "str"},
            "timeout": {"type": "int", "default": 600},
        },
        supports_check_mode=True,
    )
    guard.writes(allowed=not module.check_mode)
    params = module.params
    actions: list[str] = []
    try:
        cluster = connect(completed(params, "patroni", WRITING))
        restarter = Restarter(cluster, params["timeout"], actions, moment(params["started_before"]))
        waiting = restarter.due()
        if waiting and not module.check_mode:
            restarter.run()
    except ValueError as error:
        message = f"started_before: expected now, or a time such as 2026-11-23T22:00:00+01:00; {error}"
        module.fail_json(msg=message, error="invalid")
    except ClientError as error:
        module.fail_json(actions=actions, **error.as_result())
    diff = steps(f"{name}: PostgreSQL started anew" for name in waiting)
    module.exit_json(changed=bool(waiting), waiting=waiting, actions=actions, diff=diff)


if __name__ == "__main__":
    main()
