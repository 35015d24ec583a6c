# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How a module reaches Patroni's REST API."""

from __future__ import annotations


class ModuleDocFragment:
    """Options of every module that speaks to Patroni; ``login`` adds what changes need."""

    DOCUMENTATION = r"""
options:
  members:
    description: Addresses of Patroni's REST API by member. The first one that answers is asked.
    type: dict
    required: true
  member:
    description: The member to ask first, normally the one on this host.
    type: str
  port:
    description: Port of the REST API.
    type: int
    default: 8008
  ca_file:
    description: File on this host with the certificates that the REST API's certificate is verified against.
    type: path
    required: true
"""

    LOGIN = r"""
options:
  username:
    description: User for writes.
    type: str
    required: true
  password_file:
    description: File on this host with the user's password.
    type: path
    required: true
"""
