# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The members by kind: the one place where a service's name leads to its client and its predicates."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ansible_collections.erpops.estate.plugins.module_utils.members.base import Member

# Ansible packs what it finds in import statements, so each kind imports its member by name; the
# imports stand in functions so that a host needs the libraries of its own services only.


def _etcd(params: Mapping[str, Any]) -> Member:
    from ansible_collections.erpops.estate.plugins.module_utils.members.etcd import EtcdMember

    return EtcdMember(params)


def _object_storage(params: Mapping[str, Any]) -> Member:
    from ansible_collections.erpops.estate.plugins.module_utils.members.object_storage import ObjectStorageMember

    return ObjectStorageMember(params)


def _odoo(params: Mapping[str, Any]) -> Member:
    from ansible_collections.erpops.estate.plugins.module_utils.members.odoo import OdooMember

    return OdooMember(params)


def _patroni(params: Mapping[str, Any]) -> Member:
    from ansible_collections.erpops.estate.plugins.module_utils.members.patroni import PatroniMember

    return PatroniMember(params)


def _image_registry(params: Mapping[str, Any]) -> Member:
    from ansible_collections.erpops.estate.plugins.module_utils.members.image_registry import ImageRegistryMember

    return ImageRegistryMember(params)


def _keepalived(params: Mapping[str, Any]) -> Member:
    from ansible_collections.erpops.estate.plugins.module_utils.members.keepalived import KeepalivedMember

    return KeepalivedMember(params)


def _pgbackrest(params: Mapping[str, Any]) -> Member:
    from ansible_collections.erpops.estate.plugins.module_utils.members.pgbackrest import PgbackrestMember

    return PgbackrestMember(params)


def _redis(params: Mapping[str, Any]) -> Member:
    from ansible_collections.erpops.estate.plugins.module_utils.members.redis import RedisMember

    return RedisMember(params)


def _sentinel(params: Mapping[str, Any]) -> Member:
    from ansible_collections.erpops.estate.plugins.module_utils.members.sentinel import SentinelMember

    return SentinelMember(params)


def _traefik(params: Mapping[str, Any]) -> Member:
    from ansible_collections.erpops.estate.plugins.module_utils.members.traefik import TraefikMember

    return TraefikMember(params)


KINDS: dict[str, Callable[[Mapping[str, Any]], Member]] = {
    "etcd": _etcd,
    "image_registry": _image_registry,
    "keepalived": _keepalived,
    "object_storage": _object_storage,
    "odoo": _odoo,
    "patroni": _patroni,
    "pgbackrest": _pgbackrest,
    "redis": _redis,
    "sentinel": _sentinel,
    "traefik": _traefik,
}


def build(kind: str, params: Mapping[str, Any]) -> Member:
    """Return the member of this kind.

    ``params`` come from the role: addresses, and paths of files on this host for everything secret.
    """
    try:
        factory = KINDS[kind]
    except KeyError:
        known = ", ".join(sorted(KINDS))
        raise ValueError(f"health kind {kind!r} is not known; expected one of: {known}") from None
    return factory(params)
