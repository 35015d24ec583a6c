# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Judges what only the hosts can tell, before anything on them is changed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from ansible_collections.erpops.estate.plugins.module_utils.policy.host_sizes import (
    UNKNOWN_PROBLEM,
    UNKNOWN_REMEDY,
    Host,
    connection_bound,
    least_mb,
    sizes,
    unknown,
)
from ansible_collections.erpops.estate.plugins.module_utils.policy.instances import VARIABLE as INSTANCES
from ansible_collections.erpops.estate.plugins.module_utils.policy.inventory_model import (
    Finding,
    Inventory,
    listed,
)
from ansible_collections.erpops.estate.plugins.module_utils.policy.ports import PORTS, instance_ports
from ansible_collections.erpops.estate.plugins.module_utils.policy.sizing import (
    ODOO_HEADROOM_LEAST_MB,
    connection_objections,
    system_memory_mb,
    usable_memory_mb,
)
from ansible_collections.erpops.estate.plugins.module_utils.policy.survey import OUT_OF_SERVICE, Survey

SYSTEMS = {"debian": ("12", "13")}
LARGEST_CLOCK_DIFFERENCE = 1.0
# What a host keeps free whatever happens, and what a host needs on which nothing of the estate stands yet:
# its images alone unpack to about 4 GiB.
DISK_FREE_MB = 1024
DISK_FREE_NEW_MB = 8192
# What a finding is about where no variable moves a port.
FIXED_PORT = "listening ports"


def preflight_findings(
    inventory: Inventory, surveys: Mapping[str, Survey], beside: Mapping[str, Mapping[str, int]] | None = None
) -> list[Finding]:
    """Return everything that stands in the way on these hosts, and between them.

    ``beside`` has ``memory_mb`` and ``cpus`` of hosts by which these are sized, and which are not judged.
    """
    had = dict(beside or {})
    had.update({name: {"memory_mb": survey.memory_mb, "cpus": survey.cpus} for name, survey in surveys.items()})
    hosts = {name: _host(inventory, name, had.get(name) or {}) for name in inventory.estate_hosts()}
    found = list(_clocks(surveys))
    for name, survey in surveys.items():
        found.extend(_out_of_service(name, survey))
        found.extend(_system(name, survey))
        found.extend(_memory(inventory, hosts[name]))
        found.extend(_disk(name, survey))
        found.extend(_ports(inventory, hosts[name], survey))
    found.extend(_connections(inventory, list(hosts.values()), surveys))
    return found


def _host(inventory: Inventory, name: str, had: Mapping[str, int]) -> Host:
    variables = inventory.hosts.get(name, {})
    memory = usable_memory_mb(had["memory_mb"], variables.get("estate_host_memory_mb")) if had else 0
    groups = [group for group in inventory.groups if name in inventory.members(group)]
    return Host(name, groups, memory, int(had.get("cpus", 0)), variables)


def _clocks(surveys: Mapping[str, Survey]) -> Iterator[Finding]:
    # The controller counts too: the certificates it issues begin at its own time.
    parties = {"the controller": (0.0, 0.0)}
    parties.update({host: (survey.clock_offset, survey.clock_doubt) for host, survey in surveys.items()})
    early = min(parties, key=lambda name: sum(parties[name]))
    late = max(parties, key=lambda name: parties[name][0] - parties[name][1])
    apart = (parties[late][0] - parties[late][1]) - sum(parties[early])
    if apart > LARGEST_CLOCK_DIFFERENCE:
        yield Finding(
            "hosts",
            f"clock of {late}",
            f"it is at least {apart:.1f} s ahead of that of {early}; leases and certificates need them within "
            f"{LARGEST_CLOCK_DIFFERENCE:.0f} s",
            "Have a time service set the clocks of all hosts and of the controller",
        )


def _out_of_service(host: str, survey: Survey) -> Iterator[Finding]:
    if OUT_OF_SERVICE in survey.present:
        problem = "it was taken out of service, and this run would start what was stopped on purpose"
        remedy = f"Put it back with erpops.estate.host_in, or leave it alone with --limit 'estate:!{host}'"
        yield Finding(f"host {host}", "service", problem, remedy)


def _system(host: str, survey: Survey) -> Iterator[Finding]:
    if survey.version not in SYSTEMS.get(survey.system, ()):
        found = f"it runs {survey.system} {survey.version}".rstrip()
        yield Finding(f"host {host}", "operating system", found, "Install Debian 12 or 13 on it")


def _memory(inventory: Inventory, host: Host) -> Iterator[Finding]:
    found = sizes(host)
    system = system_memory_mb(host.memory_mb)
    together = system + sum(found.limits.values())
    if together > host.memory_mb:
        bound = inventory.where("estate_host_memory_mb", "") if host.number("estate_host_memory_mb") else ""
        parts = [f"{name} {limit}" for name, limit in sorted(found.limits.items(), key=lambda item: -item[1])]
        yield Finding(
            bound or f"host {host.name}",
            "memory",
            f"the containers on {host.name} may take {together - system} MiB ({', '.join(parts)}), the system needs "
            f"{system}, and there are {host.memory_mb}",
            "Give the host more memory (and estate_host_memory_mb, where it is set), move services away, or lower "
            "workers and limits",
        )
    for instance in found.instances:
        for process, least in least_mb(instance).items():
            if instance.memory_mb[process] < least:
                yield Finding(
                    inventory.where(INSTANCES),
                    f"{INSTANCES}.{instance.name}.memory_mb.{process}",
                    f"{instance.memory_mb[process]} MiB are too little on {host.name}: its processes take about "
                    f"{least - ODOO_HEADROOM_LEAST_MB}, and one request needs {ODOO_HEADROOM_LEAST_MB} more",
                    f"Set {least} or more, lower its workers, or leave the limit out to have it sized",
                )


def _disk(host: str, survey: Survey) -> Iterator[Finding]:
    needed = DISK_FREE_MB if survey.present else DISK_FREE_NEW_MB
    if survey.disk_free_mb < needed:
        yield Finding(
            f"host {host}",
            "disk",
            f"{survey.disk_free_mb} MiB are free below /var/lib and {needed} are needed",
            "Free some, or give /var/lib a larger volume",
        )


def _ports(inventory: Inventory, host: Host, survey: Survey) -> Iterator[Finding]:
    taken: dict[int, list[str]] = {}
    for address, port in survey.listening:
        taken.setdefault(port, []).append(address)
    for service, variable, port in _wanted(inventory, host):
        ours = any(name == service or name.startswith(f"{service}-") for name in survey.present)
        if port in taken and not ours:
            yield Finding(
                f"host {host.name}",
                variable,
                f"something that is not the estate's {service} listens on port {port} ({listed(taken[port])})",
                f"Stop it (ss -ltnp 'sport = :{port}' on the host says what it is)"
                + (", or choose another port" if variable != FIXED_PORT else ""),
            )


def _wanted(inventory: Inventory, host: Host) -> Iterator[tuple[str, str, int]]:
    for group, ports in PORTS.items():
        for port in ports if host.name in inventory.members(group) else ():
            yield port.service, port.variable or FIXED_PORT, port.number_on(host.variables)
    for instance in host.instances():
        for key, number in instance_ports(instance):
            yield "odoo", f"{INSTANCES}.{instance.name}.{key}", number


def _connections(inventory: Inventory, hosts: list[Host], surveys: Mapping[str, Survey]) -> Iterator[Finding]:
    variable, members = "patroni_max_connections", inventory.members("patroni")
    given = next((value for _host, value in inventory.values(variable, members)), None)
    if given:
        for objection in connection_objections(connection_bound(hosts), int(given)):
            problem, _semicolon, remedy = objection.partition("; ")
            yield Finding(inventory.where(variable), variable, problem, remedy[:1].upper() + remedy[1:])
    # A run that reaches no member sizes none.
    elif surveys.keys() & set(members):
        for name in unknown(hosts):
            yield Finding(f"host {name}", "processors and memory", UNKNOWN_PROBLEM, UNKNOWN_REMEDY)
