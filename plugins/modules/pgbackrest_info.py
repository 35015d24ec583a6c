# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: pgbackrest_info
short_description: Look at the backups of a PostgreSQL cluster
version_added: "0.1.0"
description:
  - Asks pgBackRest what its repository holds, and this host how long it is kept and when the next backup is due; where
    the leader runs, also PostgreSQL which WAL the repository does not have yet.
  - A repository that cannot be asked is no failure of the module but RV(status) and RV(health) with the reason.
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
    support: full
options:
  max_age_hours:
    description: Age in hours from which the newest backup is too old.
    type: float
    default: 50
  max_wait_minutes:
    description: Minutes from which WAL has waited too long for the repository.
    type: float
    default: 10
  socket_directory:
    description: Directory of PostgreSQL's Unix socket on this host.
    type: path
    default: /var/lib/erpops/patroni/run
  postgresql_port:
    description: Port of PostgreSQL, which names the socket.
    type: int
    default: 5432
  timers:
    description: Timers on this host that make backups.
    type: list
    elements: str
    default: [erpops-backup-full.timer, erpops-backup-incremental.timer]
"""

EXAMPLES = r"""
- name: Look at the backups
  erpops.estate.pgbackrest_info:
  register: backups
  run_once: true

- name: Refuse to go on without a backup of today
  ansible.builtin.assert:
    that: backups.backups | selectattr('age_hours', 'lt', 24) | list
    fail_msg: "the newest backup of {{ backups.stanza }} is too old: {{ backups.health.reasons | join('; ') }}"
  run_once: true
"""

RETURN = r"""
stanza:
  description: Name of the cluster in the repository.
  returned: success
  type: str
status:
  description: pgBackRest's own C(code) (0 is well) and C(message) about the stanza.
  returned: success
  type: dict
running:
  description: Whether a backup is being made on this host.
  returned: success
  type: bool
health:
  description: Whether the estate could be restored, and to a recent state; C(ok), C(reasons) (sentences), C(facts).
  returned: success
  type: dict
backups:
  description: Every backup, the newest last.
  returned: success
  type: list
  elements: dict
  contains:
    label:
      description: Its name, by which C(restore --set) takes it.
      type: str
      sample: 20261123-041134F_20261123-042257I
    type:
      description: V(full), V(diff) or V(incr).
      type: str
    started_at:
      description: When it began, in UTC.
      type: str
    finished_at:
      description: When it ended, in UTC.
      type: str
    duration_seconds:
      description: How long it took.
      type: int
    age_hours:
      description: Hours since it ended.
      type: float
    size_bytes:
      description: Size of the databases.
      type: int
    repository_bytes:
      description: What it added to the repository, compressed.
      type: int
    wal_start:
      description: First segment of WAL that a restore needs.
      type: str
    wal_stop:
      description: Last segment of WAL without which it is no whole backup.
      type: str
    depends_on:
      description: Labels of the backups it needs.
      type: list
      elements: str
    error:
      description: Whether pages with wrong checksums were found in it.
      type: bool
    lock:
      description:
        - The lock on it in the bucket, by its manifest, with C(mode) (GOVERNANCE or COMPLIANCE), C(until) (UTC) and
          C(version). Empty where there is none, and where the store does not tell this login.
        - Missing where RV(locks_unknown) says why.
      type: dict
locks_unknown:
  description: Why the store could not be asked for locks; empty when it was.
  returned: success
  type: str
archive:
  description: The C(first) and C(last) segment of WAL that is there, by C(id) of the database's history.
  returned: success
  type: list
  elements: dict
archive_queue:
  description:
    - The WAL that the repository does not have yet. Empty on a standby, which hands nothing over, and where
      RV(archive_queue_unknown) says why.
  returned: success
  type: dict
  contains:
    segments:
      description: How many complete segments wait.
      type: int
    waits_seconds:
      description: For how many seconds the first of them has waited.
      type: float
    failed:
      description: The segment whose last try failed; empty where the last try of any succeeded.
      type: str
    recovery_point:
      description:
        - The moment (UTC) before which all that was committed could be restored with all members lost, as a segment
          holds C(archive_timeout) of writes at most. Empty where that is 0.
      type: str
archive_queue_unknown:
  description: Why PostgreSQL could not be asked for it; empty when it was.
  returned: success
  type: str
settings:
  description:
    - What the configuration on this host says of the repository (type, path, bucket, endpoint, cipher) and of how long
      it is kept, by pgBackRest's own names. What is not set is missing.
  returned: success
  type: dict
  sample: {repo1-s3-bucket: lab-backup, repo1-retention-full: "4", repo1-retention-full-type: count}
timers:
  description: C(name), what it C(activates), when it fires C(next) and fired C(last), in UTC; empty for never.
  returned: success
  type: list
  elements: dict
error:
  description:
    - The kind of failure, for who has to tell them apart, such as V(missing_file) for a configuration that this host
      does not have, V(refused), V(timed_out).
  returned: failure
  type: str
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.erpops.estate.plugins.module_utils.clients import guard
from ansible_collections.erpops.estate.plugins.module_utils.clients.errors import ClientError
from ansible_collections.erpops.estate.plugins.module_utils.members.pgbackrest_backup import CONNECTION_SPEC, survey

TIMERS = ["erpops-backup-full.timer", "erpops-backup-incremental.timer"]


def main() -> None:
    """Run the module."""
    module = AnsibleModule(
        argument_spec={
            **CONNECTION_SPEC,
            "max_age_hours": {"type": "float", "default": 50},
            "max_wait_minutes": {"type": "float", "default": 10},
            "socket_directory": {"type": "path", "default": "/var/lib/erpops/patroni/run"},
            "postgresql_port": {"type": "int", "default": 5432},
            "timers": {"type": "list", "elements": "str", "default": TIMERS},
        },
        supports_check_mode=True,
    )
    guard.writes(allowed=False)
    try:
        found = survey(module.params)
    except ClientError as error:
        module.fail_json(**error.as_result())
    module.exit_json(changed=False, **found)


if __name__ == "__main__":
    main()
