# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: host_survey
short_description: Look at a host before anything on it is changed
version_added: "0.1.0"
description:
  - Reads what the preflight of an estate judges - clock, operating system, processors, memory, free disk,
    addresses, listening ports, which services of the estate have files there already, which packages are installed,
    and, where that is wanted, which image each running container has.
  - Takes one round trip through the connection and needs no Python on the host.
  - Nothing is judged here, see M(erpops.estate.host_preflight).
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
  connection:
    support: full
options:
  containers:
    description: Also ask the host's engine what runs. Takes up to 20 s where it hangs.
    type: bool
    default: false
"""

EXAMPLES = r"""
- name: Look at the host
  erpops.estate.host_survey:
  register: estate_host_survey
"""

RETURN = r"""
survey:
  description: What was seen.
  returned: success
  type: dict
  contains:
    clock_offset:
      description: Seconds by which the host's clock is ahead of the controller's.
      type: float
    clock_doubt:
      description: Seconds by which RV(survey.clock_offset) may be wrong; half the time that the way there and
          back took. What the host took to answer is not in it, by its clock before and after.
      type: float
    system:
      description: Name of the operating system, as in C(/etc/os-release).
      type: str
    version:
      description: Its version.
      type: str
    cpus:
      description: Processors that are online.
      type: int
    memory_mb:
      description: Memory in MiB, or the limit of the control group the host lives in where that is lower.
      type: int
    disk_free_mb:
      description: Free space below C(/var/lib) in MiB.
      type: int
    addresses:
      description: Interface and address, by IPv4.
      type: list
      elements: list
    listening:
      description: Address and port of every listening TCP socket.
      type: list
      elements: list
    present:
      description: Services of the estate that have files on the host.
      type: list
      elements: str
    packages:
      description: Packages of the distribution that are installed.
      type: list
      elements: str
    running:
      description: Image of each container that runs, by its name; null where the engine did not say, or was not asked.
      type: dict
  sample:
    clock_offset: 0.004
    clock_doubt: 0.031
    system: debian
    version: "12"
    cpus: 4
    memory_mb: 7942
    disk_free_mb: 40211
    addresses: [["eth0", "192.0.2.11"]]
    listening: [["0.0.0.0", 22]]
    present: [etcd]
    packages: [openssh-server, python3]
    running: {etcd: "registry.example.com/erpops/etcd@sha256:5c1f…"}
"""
