# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Keeps etcd's leader off the host of PostgreSQL's.

Where a host is lost that has both, the lease of PostgreSQL's leader starts anew with etcd's next leader, and nobody can
take over before that one has expired as well: the outage is longer by an election of etcd and what its clients need to
find each other. The imports stand in the function, so that a host needs the libraries of its own services only.
"""

from __future__ import annotations

from collections.abc import Callable

from ansible_collections.erpops.estate.plugins.module_utils.leases.undo import Means


def keep_apart(means: Callable[[str], Means]) -> list[str]:
    """Hand etcd's leadership to another member where this host has it and PostgreSQL's; return what was done."""
    patroni, etcd = means("patroni"), means("etcd")
    if not (patroni and etcd):
        return []
    from ansible_collections.erpops.estate.plugins.module_utils.members.etcd import EtcdMember
    from ansible_collections.erpops.estate.plugins.module_utils.members.patroni import PatroniMember

    return EtcdMember(etcd[0]).step_aside() if PatroniMember(patroni[0]).leads() else []
