# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the estate is, for roles: its instances, and what other hosts and other roles say."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from ansible.errors import AnsibleFilterError
from ansible.module_utils.parsing.convert_bool import boolean
from ansible_collections.erpops.estate.plugins.module_utils.policy import instances as model
from ansible_collections.erpops.estate.plugins.module_utils.policy.declared_services import declared
from ansible_collections.erpops.estate.plugins.module_utils.policy.planes import service_address
from ansible_collections.erpops.estate.plugins.module_utils.policy.said import said
from ansible_collections.erpops.estate.plugins.plugin_utils.estate_hosts import (
    Settings,
    host_of,
    plain_defaults,
)
from ansible_collections.erpops.estate.plugins.plugin_utils.estate_hosts import setting as setting_of


def addresses(hosts: Iterable[str], hostvars: Mapping[str, Any], plane: str, variable: str = "") -> dict[str, str]:
    """Return each host's address on a plane, or the one that ``variable`` names for a service there.

    They come in the inventory's order, not in that of ``hosts``: what Ansible's set filters (``difference``) return has
    another order in each run, and a file that says the same in another order would count as changed.
    """
    found = {}
    order = {host: place for place, host in enumerate(hostvars)}
    for host in sorted(hosts, key=order.__getitem__):
        variables = hostvars[host]
        try:
            found[str(host)] = service_address(variables, host, plane, variable)
        except ValueError as error:
            raise AnsibleFilterError(f"addresses: {error}") from error
    return found


def archives(hosts: Iterable[str], hostvars: Mapping[str, Any]) -> bool:
    """Return whether these members of PostgreSQL archive, so that there are backups; of no hosts none does.

    Where nobody says so they do if the estate has a store of its own, as the role ``patroni`` has it.
    """
    members = list(hosts)
    stores = hostvars[members[0]]["groups"].get("object_storage", ()) if members else ()
    return bool(members) and bool(boolean(said(members, hostvars, "patroni_archive_enabled", bool(stores))))


def declared_services(host: str, hostvars: Mapping[str, Any]) -> dict[str, str]:
    """Return the services a host is to have by its groups, each with the kind of its health predicate."""
    found = host_of(host, hostvars[host])
    virtual_ip = str(found.variables["estate_virtual_ip"] or "")
    return declared(found.groups, [instance.name for instance in found.instances()], virtual_ip)


def instances(items: Any, variables: Mapping[str, Any] | None = None) -> list[dict[str, Any]]:
    """Return the instances with everything filled in that their entries leave out."""
    defaults = plain_defaults() if variables is None else Settings(variables)
    return [instance.as_dict() for instance in model.instances(items, defaults)]


def setting(hosts: Iterable[str], hostvars: Mapping[str, Any], name: str) -> Any:
    """Return what the first host that has any says for a variable of another role, or that role's default."""
    try:
        return setting_of(hosts, hostvars, name)
    except KeyError as error:
        raise AnsibleFilterError(f"setting: no role has a default for {name} that stands for itself") from error


class FilterModule:
    """The filters by name."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Return what Jinja2 may call."""
        return {
            "addresses": addresses,
            "archives": archives,
            "declared_services": declared_services,
            "instances": instances,
            "setting": setting,
        }
