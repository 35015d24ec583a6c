"""Where the estate is and how to reach it, from ``.lab/estate.json`` alone, as any client would."""

from __future__ import annotations

import json
import shlex
import ssl
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import testinfra.backend
import testinfra.host

from tests.lab import inventory, paths


class Host(testinfra.host.Host):  # type: ignore[misc]  # testinfra has no types
    """One machine as testinfra sees it: by SSH, as root through sudo. It knows its place in the estate too."""

    def __init__(self, name: str, address: str, user: str, key_file: str, groups: tuple[str, ...]) -> None:
        self.name, self.address, self.groups = name, address, groups
        self.user, self.key_file = user, key_file
        backend = testinfra.backend.get_backend(
            f"ssh://{user}@{address}", ssh_identity_file=key_file, sudo=True, ssh_extra_args=_ssh_options(key_file)
        )
        super().__init__(backend)
        backend.set_host(self)

    def __repr__(self) -> str:
        return self.name

    def containers(self) -> dict[str, dict[str, Any]]:
        """Return all containers by name, as the engine describes them."""
        found = json.loads(
            self.check_output("docker ps --all --quiet | xargs --no-run-if-empty docker inspect") or "[]"
        )
        return {entry["Name"].lstrip("/"): entry for entry in found}

    def write(self, path: str, content: str) -> None:
        """Write a file in place, as somebody with an editor would."""
        self.check_output("printf %%s %s > %s", content, path)


def _ssh_options(key_file: str) -> str:
    """The machine's key is known beforehand; one connection is kept open, since the tests ask a thousand times."""
    known = sorted(Path(key_file).parent.glob("known_hosts*"))
    options = {
        "UserKnownHostsFile": " ".join(f'"{file}"' for file in known),
        "GlobalKnownHostsFile": "/dev/null",
        "StrictHostKeyChecking": "yes",
        "IdentitiesOnly": "yes",
        "ControlMaster": "auto",
        "ControlPersist": "60",
        "ControlPath": str(inventory.control_directory() / "test-%C"),
        "ServerAliveInterval": "10",
        "LogLevel": "ERROR",
    }
    return shlex.join(word for name, value in options.items() for word in ("-o", f"{name}={value}"))


@dataclass(frozen=True)
class Instance:
    """One Odoo instance as its users know it."""

    name: str
    url: str
    database: str
    admin_login: str
    admin_password_file: str
    api_key_file: str

    @property
    def host_name(self) -> str:
        """The name users dial."""
        return str(urlsplit(self.url).hostname)

    @property
    def admin_password(self) -> str:
        """The administrator's password."""
        return Path(self.admin_password_file).read_text(encoding="utf-8").strip()


@dataclass(frozen=True)
class Estate:
    """Everything ``estate.json`` says."""

    virtual_ip: str
    ca_file: str
    hosts: tuple[Host, ...]
    instances: tuple[Instance, ...]

    @classmethod
    def load(cls, path: Path = paths.ESTATE_JSON) -> Estate:
        """Read the file that the lab wrote."""
        data = json.loads(path.read_text(encoding="utf-8"))
        hosts = tuple(
            Host(entry["name"], entry["address"], entry["user"], entry["ssh_key_file"], tuple(entry["groups"]))
            for entry in data["hosts"]
        )
        instances = tuple(Instance(**entry) for entry in data["instances"])
        return cls(data["virtual_ip"], data["ca_file"], hosts, instances)

    def host(self, name: str) -> Host:
        """Return the host of this name."""
        return next(host for host in self.hosts if host.name == name)

    def group(self, name: str) -> list[Host]:
        """Return the hosts of an inventory group, in its order."""
        return [host for host in self.hosts if name in host.groups]

    def instance(self, name: str) -> Instance:
        """Return the instance of this name."""
        return next(instance for instance in self.instances if instance.name == name)

    def tls(self) -> ssl.SSLContext:
        """Return a context that trusts the estate's CA and nobody else."""
        context = ssl.create_default_context(cafile=self.ca_file)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        return context

    def edges_with_address(self) -> list[Host]:
        """Return the edges that answer for the virtual address now; on the loopback every edge has it."""
        command = "ip -oneline address show scope global to %s/32"
        return [host for host in self.group("edge") if host.check_output(command, self.virtual_ip)]

    def edge_with_address(self) -> Host:
        """Return the edge that answers for the virtual address now."""
        found = self.edges_with_address()
        assert found, f"expected one edge to have {self.virtual_ip}, found none"
        return found[0]
