"""The hosts themselves: what runs on them, as whom, and what they listen on."""

from __future__ import annotations

from collections import defaultdict

import pytest

from tests.estate.world import Estate, Host
from tests.lab import secrets

# Ports by group and the addresses they are open on: "own" is the host's address, "any" is every one of its own.
EVERYWHERE = ("0.0.0.0", "::")  # noqa: S104 - compared with, not bound to
SSH = {22: "any"}
PORTS = {
    "etcd": {2379: "own", 2380: "own"},
    "patroni": {5432: "own", 8008: "own"},
    "redis": {6379: "own", 26379: "own"},
    "odoo": {8069: "own", 8072: "own", 8169: "own", 8172: "own"},
    "edge": {80: "any", 443: "any", 8082: "own"},
    "object_storage": {8333: "own"},
    "image_registry": {5000: "own"},
}
# Programs by group, as the kernel names them.
PROGRAMS = {
    "etcd": {"etcd"},
    "patroni": {"patroni", "postgres"},
    "redis": {"redis-server", "redis-sentinel"},
    "odoo": {"odoo"},
    "edge": {"traefik"},
    "object_storage": {"weed"},
    "image_registry": {"docker-registry"},
}


def open_ports(host: Host) -> dict[int, set[str]]:
    found = defaultdict(set)
    for socket in host.socket.get_listening_sockets():
        scheme, _slashes, place = socket.partition("://")
        address, _colon, port = place.rpartition(":")
        if scheme == "tcp" and not address.startswith("127."):
            found[int(port)].add("own" if address == host.address else "any" if address in EVERYWHERE else address)
    return dict(found)


def test_a_host_listens_on_what_its_groups_need_and_on_nothing_else(estate: Estate) -> None:
    for host in estate.hosts:
        wanted = SSH | {port: place for group in host.groups for port, place in PORTS[group].items()}
        assert open_ports(host) == {port: {place} for port, place in wanted.items()}, host.name


def test_no_daemon_runs_as_root(estate: Estate) -> None:
    for host in estate.hosts:
        for group in host.groups:
            for program in PROGRAMS[group]:
                users = set(host.check_output("ps -C %s -o euser=", program[:15]).split())
                assert users, f"{host.name}: no {program}"
                assert "root" not in users, f"{host.name}: {program}"


def test_engine_and_address_start_with_the_host(estate: Estate) -> None:
    for host in estate.hosts:
        units = ["docker", *(["keepalived"] if "edge" in host.groups else [])]
        for unit in units:
            assert host.service(unit).is_enabled, (host.name, unit)
            assert host.service(unit).is_running, (host.name, unit)


def test_nobody_on_a_host_reads_a_secret(estate: Estate) -> None:
    """All that somebody with a login and no rights can read of the estate's files holds none of the vault's values."""
    known = secrets.named()
    for host in estate.hosts:
        readable = host.run(
            "runuser -u nobody -- find /etc/erpops /var/lib/erpops /usr/local/lib/erpops"
            " -type f -readable -exec cat {} + 2>/dev/null"
        ).stdout_bytes.decode(errors="replace")
        assert "BEGIN CERTIFICATE" in readable, host.name
        found = [name for name, value in known.items() if value in readable]
        assert not found, host.name


# What sudo writes into the journal are the commands of these tests, which know the secrets.
SHOWN = {
    "how containers were made": "docker ps --all --quiet | xargs docker inspect",
    "command lines": "ps -eo args",
    "what containers said": "for name in $(docker ps --all --format '{{.Names}}'); do docker logs $name 2>&1; done",
    "the journal": "journalctl --boot --quiet --no-pager | grep -v ' sudo\\[[0-9]*\\]: '",
}


@pytest.mark.parametrize("what", SHOWN)
def test_no_secret_is_shown_to_whoever_looks_after_a_host(estate: Estate, what: str) -> None:
    known = secrets.named()
    if what == "what containers said":
        # The public half of a key: an object storage says which one it did not know.
        known = {name: value for name, value in known.items() if not name.endswith("access_key")}
    for host in estate.hosts:
        shown = host.run(SHOWN[what]).stdout_bytes.decode(errors="replace")
        assert len(shown) > 1000, f"{host.name}: expected {what}, found next to nothing"
        found = [name for name, value in known.items() if value in shown]
        assert not found, f"{host.name}: {what}"
