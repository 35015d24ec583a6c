# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: patroni_config
short_description: Make Patroni's dynamic configuration what it should be
version_added: "0.1.0"
description:
  - Compares the dynamic configuration, which lives in the cluster's store, and changes what differs through Patroni.
  - Refuses a configuration that Patroni would bend silently, such as a C(ttl) below C(loop_wait) + 2 *
    C(retry_timeout); nothing is changed then.
  - Says which members wait for a restart, see M(erpops.estate.patroni_restart).
  - Keys that Patroni does not have are refused, with the nearest that it has, and so is what it would bend silently.
  - In check mode a cluster that does not exist yet is one whose configuration is empty. On a host that has a record of
    Patroni it exists, and one that does not answer is an error.
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
  config:
    description:
      - The keys that are to have these values. Others are left alone, a null removes its key.
    type: dict
    required: true
  exclusive:
    description: Dotted paths below which nothing but O(config) may stand; what is there beyond it is removed.
    type: list
    elements: str
    default: []
  settle:
    description:
      - Seconds to wait before members are asked whether they wait for a restart, when something else has just made
        them read their files again.
      - After a change of PostgreSQL's parameters the module waits by itself.
    type: int
    default: 0
"""

EXAMPLES = r"""
- name: Set the time that a statement may take
  erpops.estate.patroni_config:
    members: {db1: 10.0.0.1, db2: 10.0.0.2, db3: 10.0.0.3}
    ca_file: /etc/erpops/tls/ca.crt
    username: patroni
    password_file: /etc/erpops/patroni/rest.password
    config:
      postgresql:
        parameters:
          statement_timeout: 10min
"""

RETURN = r"""
evidence:
  description: What the record of the run keeps of it, where the run is recorded.
  returned: success
  type: list
  elements: dict
patch:
  description: What was sent, or in check mode would be sent.
  returned: success
  type: dict
pending_restart:
  description: Members that wait for a restart, the leader last.
  returned: success
  type: list
  elements: str
undeclared:
  description: Dotted names of what stands in the configuration beyond O(config), such as C(pause).
  returned: success
  type: list
  elements: str
error:
  description:
    - The kind of failure, for who has to tell them apart, such as V(unreachable), V(not_trusted), V(not_authorised),
      V(timed_out), V(invalid).
  returned: failure
  type: str
"""

import time
from collections.abc import Mapping
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.erpops.estate.plugins.module_utils.clients import guard
from ansible_collections.erpops.estate.plugins.module_utils.clients.errors import (
    ClientError,
    MissingFile,
    Unreachable,
)
from ansible_collections.erpops.estate.plugins.module_utils.clients.patroni import PatroniCluster
from ansible_collections.erpops.estate.plugins.module_utils.evidence.declared import settings
from ansible_collections.erpops.estate.plugins.module_utils.health import patroni as judge
from ansible_collections.erpops.estate.plugins.module_utils.members.patroni import (
    CONNECTION_SPEC,
    WRITING,
    connect,
    look,
)
from ansible_collections.erpops.estate.plugins.module_utils.policy.dynamic_config import (
    merged,
    objections,
    patch,
    touched,
    undeclared,
)
from ansible_collections.erpops.estate.plugins.module_utils.service.connection import completed
from ansible_collections.erpops.estate.plugins.module_utils.service.record import asked_by

# What Patroni needs beyond one loop to take over a change and to ask PostgreSQL about it.
MARGIN = 3


def pending_restarts(cluster: PatroniCluster, settle: float) -> list[str]:
    """Return who waits for a restart; after a change members are given ``settle`` seconds and asked themselves."""
    if not settle:
        return judge.pending(judge.view(cluster.ask(lambda member: member.cluster())))
    time.sleep(settle)
    return judge.pending(look(cluster))


def refuse(module: AnsibleModule, after: Mapping[str, Any]) -> None:
    """End the module where the configuration could not be what it says."""
    found = objections(module.params["config"], after)
    if found:
        module.fail_json(msg="; ".join(found), error="invalid")


def main() -> None:
    """Run the module."""
    module = AnsibleModule(
        argument_spec={
            **CONNECTION_SPEC,
            "config": {"type": "dict", "required": True},
            "exclusive": {"type": "list", "elements": "str", "default": []},
            "settle": {"type": "int", "default": 0},
        },
        supports_check_mode=True,
    )
    guard.writes(allowed=not module.check_mode)
    params = module.params
    try:
        cluster = connect(completed(params, "patroni", WRITING))
        current = cluster.ask(lambda member: member.config())
        change = patch(current, params["config"], params["exclusive"])
        after = merged(current, change)
        refuse(module, after)
        settle = params["settle"]
        if change and not module.check_mode:
            cluster.ask(lambda member: member.patch_config(change))
            if "postgresql" in change:
                settle = max(settle, after.get("loop_wait", 10) + MARGIN)
        pending = pending_restarts(cluster, 0 if module.check_mode else settle)
    except (Unreachable, MissingFile) as error:
        # Where Patroni was made already, a cluster that is silent is one that is out of reach: nothing is known of it.
        if not module.check_mode or asked_by("patroni"):
            module.fail_json(**error.as_result())
        current, change, after, pending = {}, params["config"], params["config"], []
        refuse(module, after)
    except ClientError as error:
        module.fail_json(**error.as_result())
    module.exit_json(
        changed=bool(change),
        patch=change,
        pending_restart=pending,
        undeclared=undeclared(current, params["config"]),
        diff={"before": dict(current), "after": after},
        evidence=settings("PostgreSQL", touched(current, change), touched(after, change)),
    )


if __name__ == "__main__":
    main()
