# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How a module reaches etcd's members."""

from __future__ import annotations


class ModuleDocFragment:
    """Options of every module that speaks to etcd."""

    DOCUMENTATION = r"""
notes:
  - On a host of the cluster no option of the connection is needed. What is not given is taken from the host's own
    record of how its member is asked, which the role C(etcd) leaves behind.
options:
  members:
    description: Addresses of etcd's client side by member. What a quorum answers is asked of the first that can.
    type: dict
  member:
    description: The member to ask first, normally the one on this host.
    type: str
  port:
    description: Port that clients reach, 2379 where nothing says otherwise.
    type: int
  ca_file:
    description: File on this host with the certificates that etcd's certificates are verified against.
    type: path
  cert_file:
    description: File on this host with the certificate that is shown to etcd.
    type: path
  key_file:
    description: File on this host with the certificate's key.
    type: path
"""
