"""Where the estate is and how to reach it, from ``.lab/estate.json`` alone, as any client would."""

from __future__ import annotations

import json
import shlex
import ssl
import subprocess
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from tests.lab import paths


class CommandFailed(AssertionError):
    """A command on a host ended with a status other than 0."""


@dataclass(frozen=True)
class Host:
    """One machine, by SSH."""

    name: str
    address: str
    user: str
    key_file: str
    groups: tuple[str, ...]

    def run(self, *command: str, check: bool = True, stdin: str | None = None, timeout: float = 60) -> str:
        """Run a command as root and return what it printed."""
        done = subprocess.run(
            [*self.ssh, shlex.join(["sudo", "--", *command])],
            input=stdin,
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )
        if check and done.returncode != 0:
            raise CommandFailed(
                f"{self.name}: {shlex.join(command)} ended with {done.returncode}: {done.stderr[-2000:]}"
            )
        return done.stdout

    def succeeds(self, *command: str) -> bool:
        """Return whether the command ends with status 0."""
        return (
            subprocess.run(
                [*self.ssh, shlex.join(["sudo", "--", *command])], capture_output=True, check=False
            ).returncode
            == 0
        )

    def json(self, *command: str) -> Any:
        """Return what the command printed, read as JSON."""
        return json.loads(self.run(*command))

    def docker(self, *arguments: str, check: bool = True) -> str:
        """Run the Docker client on the host."""
        return self.run("docker", *arguments, check=check)

    def containers(self) -> dict[str, dict[str, Any]]:
        """Return all containers by name, as the engine describes them."""
        names = self.docker("ps", "--all", "--format", "{{.Names}}").split()
        return (
            {entry["Name"].lstrip("/"): entry for entry in json.loads(self.docker("inspect", *names))} if names else {}
        )

    def read(self, path: str) -> str:
        """Return a file's content."""
        return self.run("cat", path)

    def write(self, path: str, content: str) -> None:
        """Write a file in place, as somebody with an editor would."""
        self.run("tee", path, stdin=content)

    @cached_property
    def ssh(self) -> list[str]:
        """The command that leads to the host."""
        known = sorted(Path(self.key_file).parent.glob("known_hosts*"))
        options = {
            "UserKnownHostsFile": " ".join(str(file) for file in known),
            "GlobalKnownHostsFile": "/dev/null",
            "StrictHostKeyChecking": "yes",
            "IdentitiesOnly": "yes",
            "ControlMaster": "auto",
            "ControlPersist": "60",
            "ControlPath": str(Path(self.key_file).parent / "test-%C"),
            "LogLevel": "ERROR",
        }
        flags = [word for name, value in options.items() for word in ("-o", f"{name}={value}")]
        return ["ssh", *flags, "-i", self.key_file, f"{self.user}@{self.address}"]


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

    def edge_with_address(self) -> Host:
        """Return the edge that has the virtual address now."""
        for host in self.group("edge"):
            if f" {self.virtual_ip}/" in host.run("ip", "-oneline", "address", "show"):
                return host
        raise AssertionError(f"expected one edge to have {self.virtual_ip}, found none")
