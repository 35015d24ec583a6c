# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How each kind of lease is taken back.

A kind is one line in :data:`KINDS`: which service's members a host needs a record of to be able to, and a function that
restores, through the daemon's own means, what was before the lease, and says what it did. The function gets the
parameters by which this host asks those members (addresses, paths of files with secrets), and the lease. Taking back
what is not set any more does nothing. The imports stand in the functions, so that a host needs the libraries of its own
kinds only.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ansible_collections.erpops.estate.plugins.module_utils.policy.leases import Lease

Means = Sequence[Mapping[str, Any]]


@dataclass(frozen=True)
class Kind:
    """A kind of lease: the health kind of the services it is about, "" where any host can, and how it is taken back."""

    service: str
    undo: Callable[[Means, Lease], list[str]]


def _change_lock(_means: Means, lease: Lease) -> list[str]:
    # The lock is nothing but its record.
    return [f"change lock of {lease.reason}"]


def _patroni_pause(means: Means, _lease: Lease) -> list[str]:
    from ansible_collections.erpops.estate.plugins.module_utils.members.patroni import connect
    from ansible_collections.erpops.estate.plugins.module_utils.members.patroni_pause import resume

    return resume(connect(means[0]))


def _server_drain(means: Means, lease: Lease) -> list[str]:
    from ansible_collections.erpops.estate.plugins.module_utils.leases.server_drain import take_back
    from ansible_collections.erpops.estate.plugins.module_utils.service.edge import EdgeOfHost

    return take_back(EdgeOfHost(means[0]), lease.name)


def _odoo_pause(means: Means, lease: Lease) -> list[str]:
    from ansible_collections.erpops.estate.plugins.module_utils.leases.scheduled_actions import take_back

    return take_back(means, lease.name)


def _host_out(_means: Means, _lease: Lease) -> list[str]:
    from ansible_collections.erpops.estate.plugins.module_utils.leases.host_out import take_back

    return take_back()


KINDS: Mapping[str, Kind] = {
    "change_lock": Kind("", _change_lock),
    "host_out": Kind("", _host_out),
    "odoo_pause": Kind("odoo", _odoo_pause),
    "patroni_pause": Kind("patroni", _patroni_pause),
    "server_drain": Kind("traefik", _server_drain),
}
