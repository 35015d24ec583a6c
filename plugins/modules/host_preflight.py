# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: host_preflight
short_description: Judge whether hosts are fit for what they shall run
version_added: "0.1.0"
description:
  - Judges what only the hosts can tell, before anything on them is changed. All findings on all hosts are reported at
    once.
  - "It finds: another system than Debian 12 or 13; too little memory for the services that share a host, and limits
    of containers that exceed it; too little free disk; ports in use by something that is not the estate's; clocks
    more than a second apart; a limit of connections that the instances' processes exceed, or that cannot be sized
    since a host of theirs did not answer."
  - Runs on the controller and reads the variables of every host of the estate. Run it once per play with
    O(ignore:run_once=true).
author:
  - erpops.estate contributors (@erpops)
extends_documentation_fragment:
  - erpops.estate.attributes
  - erpops.estate.attributes.controller
attributes:
  check_mode:
    support: full
  diff_mode:
    support: none
  idempotent:
    support: full
options:
  surveys:
    description: By host, what M(erpops.estate.host_survey) returned.
    type: dict
    required: true
  beside:
    description:
      - By host, C(memory_mb) and C(cpus) of those outside this run by which it sizes PostgreSQL, see
        P(erpops.estate.sizing_hosts#filter); nothing for one that did not answer. They are not judged themselves.
    type: dict
    default: {}
seealso:
  - module: erpops.estate.host_survey
  - module: erpops.estate.inventory_validate
"""

EXAMPLES = r"""
- name: Look at the hosts
  erpops.estate.host_survey:
  register: estate_host_survey

- name: Report everything that stands in the way
  erpops.estate.host_preflight:
    surveys: >-
      {{ dict(ansible_play_hosts
         | zip(ansible_play_hosts | map('extract', hostvars, ['estate_host_survey', 'survey']))) }}
  run_once: true
"""

RETURN = r"""
findings:
  description: What stands in the way.
  returned: always
  type: list
  elements: dict
  contains:
    where:
      description: The host, or the files and lines that set the variable.
      type: str
    variable:
      description: The variable or the resource.
      type: str
    problem:
      description: What is wrong with it.
      type: str
    remedy:
      description: What to do.
      type: str
  sample:
    - where: host db1
      variable: patroni_postgresql_port
      problem: something that is not the estate's patroni listens on port 5432 (127.0.0.1)
      remedy: Stop it (ss -ltnp 'sport = :5432' on the host says what it is), or choose another port
"""
