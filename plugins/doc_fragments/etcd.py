# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How a module reaches etcd's members."""

from __future__ import annotations


class ModuleDocFragment:
    """Options of every module that speaks to etcd."""

    DOCUMENTATION = r"""
options:
  members:
    description: Addresses of etcd's client side by member. What a quorum answers is asked of the first that can.
    type: dict
    required: true
  member:
    description: The member to ask first, normally the one on this host.
    type: str
  port:
    description: Port that clients reach.
    type: int
    default: 2379
  ca_file:
    description: File on this host with the certificates that etcd's certificates are verified against.
    type: path
    required: true
  cert_file:
    description: File on this host with the certificate that is shown to etcd.
    type: path
    required: true
  key_file:
    description: File on this host with the certificate's key.
    type: path
    required: true
"""
