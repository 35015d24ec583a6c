#!/usr/bin/python
# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sets what the running Redis server and Sentinel of this host should have."""

from __future__ import annotations

DOCUMENTATION = r"""
module: redis_sentinel_config
short_description: Sets what the running Redis server and Sentinel of this host should have
version_added: 0.1.0
description:
  - Redis and Sentinel rewrite their own files, so what differs is changed in the running process by command, which then
    writes its file. That mends a setting changed by hand as well as a new wish.
  - Settings, users of the ACL, the certificate that is presented and whom the server follows are compared in one call.
  - Whom the Sentinels elected stays master. Only where no Sentinel answers and no server has replicas the first of
    O(cluster.members) becomes master.
  - A Sentinel that does not answer yet is left out; RV(sentinel_answers) says so.
  - What is not said stays as it is, so on a member an operator names the one setting that is meant. The role
    redis_sentinel says all of it, and sets its own wishes again at its next run.
author:
  - erpops.estate contributors (@erpops)
extends_documentation_fragment:
  - erpops.estate.attributes
  - erpops.estate.redis_cluster
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
  idempotent:
    support: full
options:
  password:
    description:
      - Password the user should have; written to its O(cluster.password_file) when it is new.
      - Left out, the one in that file is used and stays.
    type: str
  finish:
    description:
      - Passwords are changed in two steps, each on all hosts before the next. The first lets old and new ones in and
        returns RV(unfinished). The second, with this set, has members use the new ones and lets the old ones in no
        more.
    type: bool
    default: false
  options:
    description: Settings of Redis, by its own names. With C(tls-cert-file) the certificate it presents counts, too.
    type: dict
    default: {}
  secret_options:
    description: Settings of Redis that nobody shall see.
    type: dict
    default: {}
  file:
    description: File that Redis writes its settings to, where lines that differ are to be found out.
    type: path
  users:
    description:
      - Rules of every user of Redis by name, in the words of C(ACL LIST). Others are removed.
      - Left out, all stay as they are.
    type: dict
  sentinel_options:
    description: Settings of Sentinel itself (C(SENTINEL CONFIG SET)).
    type: dict
    default: {}
  sentinel_secret_options:
    description: Settings of Sentinel itself that nobody shall see.
    type: dict
    default: {}
  master_options:
    description: Settings of the watched master (C(SENTINEL SET)).
    type: dict
    default: {}
  master_secret_options:
    description: Settings of the watched master that nobody shall see.
    type: dict
    default: {}
  sentinel_file:
    description: File that Sentinel writes its settings to; it alone tells the master's user and password.
    type: path
  sentinel_users:
    description: Rules of every user of Sentinel by name. Others are removed. Left out, all stay as they are.
    type: dict
  left_out:
    description:
      - By name of a user, the hosts that log in as it or let it in and that this run does not reach, as with
        C(--limit). Where there are any, it gets no other password, which they would not learn.
    type: dict
    default: {}
"""

EXAMPLES = r"""
- name: Have a failover given up later, on every member
  erpops.estate.redis_sentinel_config:
    master_options:
      failover-timeout: 60000

- name: Set what Redis and Sentinel should have
  erpops.estate.redis_sentinel_config:
    cluster:
      address: 192.0.2.11
      members: [192.0.2.11, 192.0.2.12, 192.0.2.13]
      master_name: sessions
      ca_file: /etc/erpops/tls/ca.crt
      user: admin
      password_file: /etc/erpops/redis_client/admin.password
    password: "{{ redis_sentinel_admin_password }}"
    options:
      maxmemory: 128mb
      tls-cert-file: /etc/erpops/tls/redis/tls.crt
      tls-key-file: /etc/erpops/tls/redis/tls.key
      tls-ca-cert-file: /etc/erpops/tls/redis/ca.crt
    file: /etc/erpops/redis/redis.conf
    users:
      default: "off sanitize-payload ~* resetchannels -@all +@write +select"
    sentinel_file: /etc/erpops/sentinel/sentinel.conf
    sentinel_users: {}
"""

RETURN = r"""
actions:
  description: What was done, or would be.
  returned: always
  type: list
  elements: str
master:
  description: Address of the master.
  returned: always
  type: str
unfinished:
  description: Whether old passwords are still let in and the module has to run again with O(finish).
  returned: always
  type: bool
elected:
  description: Whether the Sentinels named the master.
  returned: always
  type: bool
sentinel_answers:
  description: Whether the Sentinel of this host answers.
  returned: always
  type: bool
error:
  description:
    - The kind of failure, for who has to tell them apart, such as V(unreachable), V(not_authorised), V(no_quorum),
      V(refused), or V(invalid) for another password that hosts left out would not learn.
  returned: failure
  type: str
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.erpops.estate.plugins.module_utils.clients import guard
from ansible_collections.erpops.estate.plugins.module_utils.clients.errors import ClientError
from ansible_collections.erpops.estate.plugins.module_utils.service.redis_connection import CLUSTER_SPEC
from ansible_collections.erpops.estate.plugins.module_utils.service.redis_settings import RedisSettings

SPEC = {
    **CLUSTER_SPEC,
    "password": {"type": "str", "no_log": True},
    "finish": {"type": "bool", "default": False},
    "options": {"type": "dict", "default": {}},
    "secret_options": {"type": "dict", "default": {}, "no_log": True},
    "file": {"type": "path"},
    "users": {"type": "dict", "no_log": True},
    "sentinel_options": {"type": "dict", "default": {}},
    "sentinel_secret_options": {"type": "dict", "default": {}, "no_log": True},
    "master_options": {"type": "dict", "default": {}},
    "master_secret_options": {"type": "dict", "default": {}, "no_log": True},
    "sentinel_file": {"type": "path"},
    "sentinel_users": {"type": "dict", "no_log": True},
    "left_out": {"type": "dict", "default": {}},
}


def main() -> None:
    """Entry point."""
    module = AnsibleModule(argument_spec=SPEC, supports_check_mode=True)
    guard.writes(allowed=not module.check_mode)
    try:
        module.exit_json(**RedisSettings(module.params, dry=module.check_mode).converge())
    except ClientError as error:
        module.fail_json(**error.as_result())
    except ValueError as error:
        module.fail_json(msg=str(error), error="invalid")


if __name__ == "__main__":
    main()
