# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How a module reaches Patroni's REST API."""

from __future__ import annotations


class ModuleDocFragment:
    """Options of every module that speaks to Patroni."""

    DOCUMENTATION = r"""
notes:
  - On a host of the cluster no option of the connection is needed. What is not given is taken from the host's own
    record of how its member is asked, which the role C(patroni) leaves behind.
options:
  members:
    description: Addresses of Patroni's REST API by member. The first one that answers is asked.
    type: dict
  member:
    description: The member to ask first, normally the one on this host.
    type: str
  port:
    description: Port of the REST API, 8008 where nothing says otherwise.
    type: int
  ca_file:
    description: File on this host with the certificates that the REST API's certificate is verified against.
    type: path
  username:
    description: User for writes.
    type: str
  password_file:
    description: File on this host with the user's password.
    type: path
"""
