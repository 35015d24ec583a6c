# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""In which order the services of one host go down, and come back."""

from __future__ import annotations

from collections.abc import Iterable

# From the users inwards: nobody is sent to what is gone, and nothing loses what it stands on. Sentinel goes after the
# Redis whose hand-over it carries out; etcd after Patroni, and last, since leases are kept in it.
STOP_ORDER = (
    "keepalived",
    "traefik",
    "odoo",
    "patroni",
    "redis",
    "sentinel",
    "object_storage",
    "image_registry",
    "etcd",
)


def stopping(services: Iterable[tuple[str, str]]) -> list[str]:
    """Return the names of services, given with their kinds, in the order in which they go down.

    A kind that is not known goes first: it can only stand on the others.
    """

    def place(service: tuple[str, str]) -> tuple[int, str]:
        name, kind = service
        return (STOP_ORDER.index(kind) if kind in STOP_ORDER else -1, name)

    return [name for name, _kind in sorted(services, key=place)]


def starting(services: Iterable[tuple[str, str]]) -> list[str]:
    """Return the names in the order in which they come back."""
    return stopping(services)[::-1]
