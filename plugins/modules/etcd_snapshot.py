# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: etcd_snapshot
short_description: Write a verified copy of etcd's database to a file on the host
version_added: "0.1.0"
description:
  - Has this host's member send its database, compares it with the digest that etcd appends, and has C(etcdutl) in the
    member's container read it. Only then it takes its place at O(path), in one move and readable by root alone. What
    stood there before stays until then.
  - A cluster that lost its quorum can be rebuilt from such a file, so it is written without a quorum, too. A member
    that is not well is warned of.
author:
  - erpops.estate contributors (@erpops)
extends_documentation_fragment:
  - erpops.estate.attributes
  - erpops.estate.etcd
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
  idempotent:
    support: partial
    details: With O(max_age_minutes). Without it every run writes a new one.
options:
  path:
    description: File on the host; its directory is made where it is missing, for root alone.
    type: path
    required: true
  max_age_minutes:
    description: A file at O(path) that is younger is left alone, provided it is a whole snapshot. 0 leaves none alone.
    type: int
    default: 0
  container:
    description: The member's container on this host.
    type: str
    default: etcd
"""

EXAMPLES = r"""
- name: Keep a copy before the upgrade
  erpops.estate.etcd_snapshot:
    path: /var/backups/erpops/etcd-before-upgrade.db
    max_age_minutes: 60
"""

RETURN = r"""
path:
  description: The file.
  returned: success
  type: str
size_bytes:
  description: Its size in bytes; 0 in check mode, where there is none yet.
  returned: success
  type: int
revision:
  description: The revision of etcd that it holds.
  returned: success
  type: int
keys:
  description: How many keys it holds, superseded revisions included.
  returned: success
  type: int
sha256:
  description: Digest of the file.
  returned: success
  type: str
member:
  description: The member that sent it.
  returned: success
  type: str
error:
  description:
    - The kind of failure, for who has to tell them apart, such as V(unreachable), V(not_trusted), V(missing_file),
      V(refused), V(timed_out).
  returned: failure
  type: str
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.erpops.estate.plugins.module_utils.clients import guard
from ansible_collections.erpops.estate.plugins.module_utils.clients.errors import ClientError, Refused
from ansible_collections.erpops.estate.plugins.module_utils.health import etcd as judge
from ansible_collections.erpops.estate.plugins.module_utils.members.etcd import (
    CONNECTION_SPEC,
    NEEDED,
    connect,
    survey,
)
from ansible_collections.erpops.estate.plugins.module_utils.members.etcd_snapshot import Snapshot, SnapshotFile
from ansible_collections.erpops.estate.plugins.module_utils.policy.shown import Difference
from ansible_collections.erpops.estate.plugins.module_utils.service.connection import completed


def kept(file: SnapshotFile, max_age_minutes: int) -> Snapshot | None:
    """Return what the file holds where it is young enough to stay; one that is not whole has to go."""
    age = file.age_minutes()
    if age is None or age >= max_age_minutes:
        return None
    try:
        return file.look()
    except Refused:
        return None


def main() -> None:
    """Run the module."""
    module = AnsibleModule(
        argument_spec={
            **CONNECTION_SPEC,
            "path": {"type": "path", "required": True},
            "max_age_minutes": {"type": "int", "default": 0},
            "container": {"type": "str", "default": "etcd"},
        },
        supports_check_mode=True,
    )
    guard.writes(allowed=not module.check_mode)
    try:
        params = completed(module.params, "etcd", (*NEEDED, "member"))
        cluster = connect(params)
        file = SnapshotFile(params["path"], params["container"])
        age = file.age_minutes()
        found = kept(file, params["max_age_minutes"])
        changed = found is None
        if changed:
            for reason in judge.member_health(params["member"], survey(cluster)).reasons:
                module.warn(reason)
        if changed and not module.check_mode:
            found = file.write(cluster.member(params["member"]).snapshot())
    except ClientError as error:
        module.fail_json(**error.as_result())
    difference = Difference()
    if changed:
        before = None if age is None else f"{age:.0f} minutes old"
        difference.add(params["path"], before, "a snapshot of now")
    shown = found or Snapshot(0, 0, 0, "")
    module.exit_json(
        changed=changed,
        diff=difference.as_dict(),
        path=params["path"],
        size_bytes=shown.size,
        revision=shown.revision,
        keys=shown.keys,
        sha256=shown.sha256,
        member=params["member"],
    )


if __name__ == "__main__":
    main()
