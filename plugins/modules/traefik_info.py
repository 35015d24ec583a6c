# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: traefik_info
short_description: Look at what an edge routes, where to and with which certificates
version_added: "0.1.0"
description:
  - Asks the API of the edge on this host, or of another one, for what it has loaded. What Traefik brings along itself
    is left out.
author:
  - erpops.estate contributors (@erpops)
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
  url:
    description:
      - Management address of the edge.
      - Left out, it is what M(erpops.estate.service) keeps on record of C(traefik) on this host, so on an edge nothing
        has to be said. Only then it is known what the edge should route, and what is drained.
    type: str
"""

EXAMPLES = r"""
- name: Look at the edge
  erpops.estate.traefik_info:
  register: edge

- name: Name the servers that get no requests
  ansible.builtin.debug:
    msg: "{{ edge.services | map(attribute='servers') | flatten | rejectattr('status', 'eq', 'UP') }}"
"""

RETURN = r"""
name:
  description: The edge.
  returned: success
  type: str
url:
  description: Its management address.
  returned: success
  type: str
version:
  description: Version of the running process.
  returned: success
  type: str
up_seconds:
  description: Seconds since it started.
  returned: success
  type: int
takes_requests:
  description: Whether it takes new requests; not any more once it was asked to stop.
  returned: success
  type: bool
health:
  description: >-
    Whether it routes everything it should to servers that are up; C(ok), C(reasons) (sentences) and C(facts). Servers
    that were drained are not missed.
  returned: success
  type: dict
routers:
  description: >-
    One entry for each router, with C(name), C(rule), C(priority), C(entry_points), C(middlewares), C(service),
    C(status) (enabled, warning or disabled) and C(errors).
  returned: success
  type: list
  elements: dict
services:
  description: One entry for each service.
  returned: success
  type: list
  elements: dict
  contains:
    name:
      description: Its name.
      type: str
      sample: north-web
    servers:
      description: The C(url) and C(status) (UP, DOWN, or empty where it is not asked) of each server in service.
      type: list
      elements: dict
    health_path:
      description: The path by which a server is asked whether it is up.
      type: str
    used_by:
      description: Names of the routers that lead here.
      type: list
      elements: str
    status:
      description: V(enabled), V(warning) or V(disabled).
      type: str
    errors:
      description: Why it is not enabled.
      type: list
      elements: str
drained:
  description: URLs that M(erpops.estate.traefik_server) has taken out of service here.
  returned: success
  type: list
  elements: str
certificates:
  description: >-
    One entry for each certificate in use, with C(common_name), C(names), C(issuer), C(fingerprint) (SHA-256),
    C(not_after) and C(days_left).
  returned: success
  type: list
  elements: dict
error:
  description:
    - The kind of failure, for who has to tell them apart, such as V(unreachable), V(refused).
  returned: failure
  type: str
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.erpops.estate.plugins.module_utils.clients import guard
from ansible_collections.erpops.estate.plugins.module_utils.clients.errors import ClientError
from ansible_collections.erpops.estate.plugins.module_utils.service.connection import recorded_connection
from ansible_collections.erpops.estate.plugins.module_utils.service.edge import EdgeOfHost, survey


def main() -> None:
    """Run the module."""
    module = AnsibleModule(argument_spec={"url": {"type": "str"}}, supports_check_mode=True)
    guard.writes(allowed=False)
    url = module.params["url"]
    try:
        found = survey(url) if url else EdgeOfHost(recorded_connection("traefik", option="url")).survey()
    except ClientError as error:
        module.fail_json(**error.as_result())
    module.exit_json(changed=False, **found)


if __name__ == "__main__":
    main()
