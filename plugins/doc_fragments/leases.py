# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the leases of an estate stand, and what one is."""

from __future__ import annotations


class ModuleDocFragment:
    """Options of every module that reads leases; ``taking`` adds those of modules that take one."""

    DOCUMENTATION = r"""
options:
  estate:
    description:
      - Name of the estate, whose leases stand below V(/erpops/<estate>/leases/) in etcd. By default what the role
        C(leases) has left on the host.
    type: str
  etcd:
    description: How the estate's etcd is reached. By default what the role C(leases) has left on the host.
    type: dict
    suboptions:
      members:
        description: Addresses of etcd's client side by member. The first one that can answers.
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

    TAKING = r"""
options:
  owner:
    description: Who holds the lease, as others shall read it, such as V(ada@bastion).
    type: str
    required: true
  reason:
    description: Why, for who finds the state and wonders. Needed to take a lease.
    type: str
    default: ""
  minutes:
    description: Minutes, from 1 to 1440, after which the state ends without anybody's hand.
    type: int
    default: 60
  force:
    description: End the lease of somebody else, too.
    type: bool
    default: false
"""
