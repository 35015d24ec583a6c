"""What a lab consists of, as data: its network, its machines and what each keeps on a volume of its own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

USER = "ops"


@dataclass(frozen=True)
class Machine:
    """A host that boots systemd. ``volumes`` are those kept besides its engine's and its services' data; on a ``bare``
    one the roles have to install what they need.
    """

    name: str
    last_octet: int
    groups: tuple[str, ...] = ()
    release: str = "bookworm"
    bare: bool = False
    volumes: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Lab:
    """Machines on one network. Its name prefixes everything the lab makes in the engine."""

    name: str
    network_prefix: str
    machines: tuple[Machine, ...]
    domain: str = "lab.erpops.test"
    virtual_octet: int = 10

    @property
    def subnet(self) -> str:
        return f"{self.network_prefix}.0/24"

    @property
    def gateway(self) -> str:
        """The controller, seen from the machines."""
        return f"{self.network_prefix}.1"

    @property
    def virtual_ip(self) -> str:
        return f"{self.network_prefix}.{self.virtual_octet}"

    def address(self, machine: Machine) -> str:
        return f"{self.network_prefix}.{machine.last_octet}"

    def container(self, machine: Machine) -> str:
        return f"{self.name}-{machine.name}"

    def volumes(self, machine: Machine) -> dict[str, str]:
        """Volume name to mount point. An engine cannot keep its layers on a container's own overlay."""
        own = {
            f"{self.container(machine)}-engine": "/var/lib/docker",
            f"{self.container(machine)}-data": "/var/lib/erpops",
        }
        return {**own, **machine.volumes}


_DATA_GROUPS = ("etcd", "patroni", "redis")
_APPLICATION_GROUPS = ("odoo", "edge")

ESTATE = Lab(
    name="erpops-lab",
    network_prefix="172.30.77",
    machines=(
        Machine("node1", 11, _DATA_GROUPS + _APPLICATION_GROUPS),
        Machine("node2", 12, _DATA_GROUPS + _APPLICATION_GROUPS),
        Machine("node3", 13, _DATA_GROUPS),
        Machine(
            "store1",
            21,
            ("object_storage", "image_registry"),
            # the registry the images were pushed to when they were built: the estate's own starts with them in it
            volumes={"erpops-lab-registry": "/var/lib/erpops/image_registry"},
        ),
    ),
)
