"""PostgreSQL's cluster and etcd as their own tools show them, without our modules."""

from __future__ import annotations

import http.client
import json
import threading
from datetime import datetime
from types import TracebackType
from typing import Any

from tests.estate.world import Estate, Host

TLS = "/etc/erpops/tls/etcd"
ETCDCTL = f"docker exec etcd etcdctl --cacert={TLS}/ca.crt --cert={TLS}/tls.crt --key={TLS}/tls.key"
# Of each host: ends leases, and keeps the leaders of etcd and PostgreSQL apart.
KEEPER, TIMER = "erpops-leases.service", "erpops-leases.timer"
PAUSES = "/erpops/lab/leases/patroni_pause/"


class Patroni:
    """The cluster by patronictl and psql in the members' containers."""

    def __init__(self, estate: Estate) -> None:
        self.hosts = estate.group("patroni")

    def members(self) -> dict[str, dict[str, Any]]:
        found = json.loads(self.hosts[0].check_output("docker exec patroni patronictl -c /etc/patroni list -f json"))
        return {entry["Member"]: entry for entry in found}

    def leader(self) -> str:
        return next(name for name, entry in self.members().items() if entry["Role"] == "Leader")

    def replicas(self) -> list[str]:
        return sorted(name for name, entry in self.members().items() if entry["Role"] != "Leader")

    def host(self, name: str) -> Host:
        return next(host for host in self.hosts if host.name == name)

    def config(self) -> str:
        return str(self.hosts[0].check_output("docker exec patroni patronictl -c /etc/patroni show-config"))

    def sql(self, member: str, statement: str) -> str:
        return str(self.host(member).check_output("docker exec patroni psql -XAtqc %s", statement)).strip()

    def started(self) -> dict[str, datetime]:
        """When each member's PostgreSQL was started, by its own word."""
        question = "select to_char(pg_postmaster_start_time() at time zone 'utc', 'YYYY-MM-DD HH24:MI:SS.US') || '+00'"
        return {host.name: datetime.fromisoformat(self.sql(host.name, question)) for host in self.hosts}

    def state(self) -> tuple[Any, ...]:
        """Everything that a module could have changed."""
        roles = {name: (entry["Role"], entry["TL"]) for name, entry in self.members().items()}
        return self.config(), self.started(), roles


class Watch:
    """Who of PostgreSQL's members is away, by the cluster's own word, five times a second from entry to exit."""

    # While the leader changes there is for a moment nobody to stream from: the others look into the archive.
    WELL = ("running", "streaming", "in archive recovery")

    def __init__(self, estate: Estate) -> None:
        self._hosts, self._tls = estate.group("patroni"), estate.tls()
        self._away: list[frozenset[str]] = []
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> Watch:
        self._thread.start()
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _at: TracebackType | None
    ) -> None:
        self._over.set()
        self._thread.join()

    def never_two(self) -> None:
        """Assert that there was always at most one away, and that somebody looked."""
        assert len(self._away) >= 10, f"expected many looks at the cluster, found {len(self._away)}"
        together = {names for names in self._away if len(names) > 1}
        assert not together, f"expected one member away at a time, found {[sorted(names) for names in together]}"

    def _watch(self) -> None:
        while not self._over.wait(0.2):
            found = next(filter(None, map(self._ask, self._hosts)), None)
            if found is not None:
                self._away.append(frozenset(host.name for host in self._hosts if found.get(host.name) not in self.WELL))

    def _ask(self, host: Host) -> dict[str, str] | None:
        connection = http.client.HTTPSConnection(host.address, 8008, timeout=2, context=self._tls)
        try:
            connection.request("GET", "/cluster")
            members = json.loads(connection.getresponse().read())["members"]
        except (OSError, http.client.HTTPException, ValueError):
            return None  # its Patroni is the one that is being started anew; another one knows
        finally:
            connection.close()
        return {entry["name"]: entry["state"] for entry in members}


class Etcd:
    """The cluster by etcdctl in the members' containers."""

    def __init__(self, estate: Estate) -> None:
        self.hosts = estate.group("etcd")

    def ctl(self, arguments: str, *values: str, host: Host | None = None) -> str:
        return str((host or self.hosts[0]).check_output(f"{ETCDCTL} {arguments}", *values))

    def status(self) -> dict[str, dict[str, Any]]:
        """What each member says of itself."""
        return {
            host.name: json.loads(self.ctl("endpoint status --write-out=json", host=host))[0]["Status"]
            for host in self.hosts
        }

    def leader(self) -> Host:
        status = self.status()
        leading = [name for name, said in status.items() if said["header"]["member_id"] == said["leader"]]
        return next(host for host in self.hosts if [host.name] == leading)

    def lead(self, host: Host) -> None:
        """Let this member lead; nothing is done where it does already."""
        leader = self.leader()
        if leader.name != host.name:
            member = self.status()[host.name]["header"]["member_id"]
            self.ctl("move-leader %s", f"{member:x}", host=leader)

    def pauses(self) -> dict[str, Any]:
        """The records of leases on a pause of PostgreSQL's cluster, and at which revision each stands."""
        found = json.loads(self.ctl(f"get {PAUSES} --prefix --write-out=json")).get("kvs", [])
        return {entry["key"]: (entry["mod_revision"], entry.get("value", "")) for entry in found}
