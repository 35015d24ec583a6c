"""The modules for Redis and Sentinel: what they tell, what they refuse, and that a failover loses no write."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import redis
import redis.sentinel

from tests.estate import site
from tests.estate.wait import until
from tests.estate.world import Estate, Host

INFO, FAILOVER = "erpops.estate.redis_sentinel_info", "erpops.estate.redis_sentinel_failover"
CONFIG = "erpops.estate.redis_sentinel_config"
PASSWORD_FILE = "/etc/erpops/redis_client/admin.password"  # noqa: S105 - a file
KEY = "erpops:written"


class Cluster:
    """Redis and its Sentinels as a client of them sees them, without our modules."""

    def __init__(self, estate: Estate) -> None:
        self.hosts = estate.group("redis")
        password = self.hosts[0].file(PASSWORD_FILE).content_string.strip()
        self._login: dict[str, Any] = {
            "username": "admin",
            "password": password,
            "ssl": True,
            "ssl_ca_certs": estate.ca_file,
            "socket_timeout": 3,
            "decode_responses": True,
        }
        self.sentinels = redis.sentinel.Sentinel(  # type: ignore[no-untyped-call]  # the library has not typed it
            [(host.address, 26379) for host in self.hosts], sentinel_kwargs=self._login
        )

    def master(self) -> str:
        return str(self.sentinels.discover_master("sessions")[0])  # type: ignore[no-untyped-call]  # nor this

    def server(self, address: str) -> redis.Redis:
        return redis.Redis(host=address, port=6379, **self._login)

    def sentinel(self, address: str) -> redis.Redis:
        return redis.Redis(host=address, port=26379, **self._login)

    def written(self) -> list[int]:
        return [int(value) for value in self.server(self.master()).lrange(KEY, 0, -1)]

    def calls(self) -> dict[str, int]:
        """How often each command that changes something was given to each server and Sentinel."""
        found = {}
        for host in self.hosts:
            for port in (6379, 26379):
                stats = redis.Redis(host=host.address, port=port, **self._login).info("commandstats")
                for name in ("client|pause", "client|unpause", "replicaof", "config|set", "config|rewrite"):
                    found[f"{host.name} {port} {name}"] = stats.get(f"cmdstat_{name}", {}).get("calls", 0)
                for name, stat in stats.items():
                    if name.startswith("cmdstat_sentinel") and name.endswith(("failover", "|set", "monitor", "remove")):
                        found[f"{host.name} {port} {name}"] = stat["calls"]
        return found


class Writer:
    """Writes numbers, each once it knows the master, and keeps those that were acknowledged."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self.acknowledged: list[int] = []
        self.longest = 0.0

    def __enter__(self) -> Writer:
        self._thread.start()
        return self

    def __exit__(self, *_details: object) -> None:
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        number, since, server = 0, time.monotonic(), None
        while not self._stop.is_set():
            number += 1
            try:
                server = server or self._cluster.server(self._cluster.master())
                server.rpush(KEY, number)
            except redis.RedisError:
                server = None
                time.sleep(0.02)
                continue
            self.acknowledged.append(number)
            self.longest, since = max(self.longest, time.monotonic() - since), time.monotonic()
            time.sleep(0.005)


@pytest.fixture(scope="module")
def cluster(estate: Estate) -> Iterator[Cluster]:
    found = Cluster(estate)
    yield found
    found.server(found.master()).delete(KEY)


def ask(host: Host, name: str, *options: str, **arguments: Any) -> dict[str, Any]:
    return site.module(host.name, name, arguments or None, *options)[host.name]


def test_it_tells_what_the_daemons_say_and_needs_no_option(cluster: Cluster) -> None:
    found = ask(cluster.hosts[-1], INFO)
    assert not found["failed"], found
    master = cluster.master()
    assert (found["master"], found["quorum"], found["takes_writes"], found["reasons"]) == (master, True, True, [])
    for row in found["servers"]:
        info = cluster.server(row["address"]).info()
        assert row["role"] == {"slave": "replica"}.get(info["role"], info["role"])
        assert (row["version"], row["memory"]["max_bytes"]) == (info["redis_version"], info["maxmemory"])
    assert {row["master"] for row in found["sentinels"]} == {master}
    assert all(row["agrees"] and row["watches"] == ["sessions"] for row in found["sentinels"])


def test_it_is_told_of_a_replica_that_stands_still(cluster: Cluster) -> None:
    still = next(host for host in cluster.hosts if host.address != cluster.master())
    still.check_output("docker pause redis")
    try:
        found = ask(cluster.hosts[0], INFO)
        refused = ask(cluster.hosts[0], FAILOVER)
    finally:
        still.check_output("docker unpause redis")
    row = next(entry for entry in found["servers"] if entry["address"] == still.address)
    assert (row["answers"], row["healthy"], found["takes_writes"]) == (False, False, True)
    assert (refused["failed"], refused["error"]) == (True, "no_candidate")
    assert "expected 2 replicas in sync to hand over to" in refused["msg"]
    until(lambda: not ask(cluster.hosts[0], INFO)["reasons"], 60, "everybody to be in sync again")


def test_check_mode_names_the_next_master_and_gives_no_command(cluster: Cluster) -> None:
    master, before = cluster.master(), cluster.calls()
    found = ask(cluster.hosts[0], FAILOVER, "--check", "--diff")
    assert found["changed"]
    assert found["old_master"] == master != found["master"]
    assert found["diff"]["before"] == f"master: {master}\n"
    assert cluster.calls() == before
    assert cluster.master() == master


@pytest.mark.parametrize(
    ("asked", "error", "reason"),
    [
        (lambda _cluster: {"candidate": "192.0.2.1"}, "no_candidate", "found no member of that address"),
        (
            lambda cluster: {"cluster": {**way(cluster), "ca_file": "/etc/ssl/certs/ca-certificates.crt"}},
            "not_trusted",
            "CERTIFICATE_VERIFY_FAILED",
        ),
        (lambda cluster: {"cluster": {**way(cluster), "sentinel_port": 26399}}, "unreachable", "Connection refused"),
    ],
    ids=["stranger", "not trusted", "nobody listens"],
)
def test_what_is_refused_changes_nothing(
    cluster: Cluster, asked: Callable[[Cluster], dict[str, Any]], error: str, reason: str
) -> None:
    before = cluster.calls()
    found = ask(cluster.hosts[0], FAILOVER, **asked(cluster))
    assert (found["failed"], found["error"]) == (True, error)
    assert reason in found["msg"]
    assert cluster.calls() == before


def way(cluster: Cluster) -> dict[str, Any]:
    """The connection, said in full."""
    return {
        "address": cluster.hosts[0].address,
        "members": [host.address for host in cluster.hosts],
        "master_name": "sessions",
        "user": "admin",
        "password_file": PASSWORD_FILE,
        "ca_file": "/etc/erpops/tls/redis/ca.crt",
    }


def test_what_was_set_by_hand_in_a_sentinel_is_found_and_set_back(cluster: Cluster) -> None:
    host, option = cluster.hosts[-1], "failover-timeout"
    sentinel = cluster.sentinel(host.address)

    def timeout() -> int:
        told = sentinel.sentinel_master("sessions")
        assert isinstance(told, dict)
        return int(told[option])

    wanted = timeout()
    asked = {"master_options": {option: wanted}}
    assert not ask(host, CONFIG, **asked)["changed"]
    sentinel.sentinel_set("sessions", option, wanted + 777)
    before = cluster.calls()
    planned = ask(host, CONFIG, "--check", "--diff", **asked)
    assert (timeout(), cluster.calls()) == (wanted + 777, before)
    mended = ask(host, CONFIG, "--diff", **asked)
    assert timeout() == wanted
    for said in (planned, mended):
        assert (said["changed"], said["actions"]) == (True, [f"Sentinel: set {option} of sessions"]), said
        assert said["diff"] == {
            "before": f"Sentinel, sessions, {option}: {wanted + 777}\n",
            "after": f"Sentinel, sessions, {option}: {wanted}\n",
        }
    again = ask(host, CONFIG, **asked)
    assert (again["changed"], again["actions"]) == (False, [])


def test_a_password_that_others_would_not_learn_is_not_let_in(cluster: Cluster) -> None:
    host, user = cluster.hosts[-1], "replication"

    def users() -> dict[str, str]:
        lines = [str(line).split(" ", 2) for line in cluster.server(host.address).acl_list()]
        return {name: rules for _word, name, rules in lines}

    before = users()
    others = {**before, user: re.sub("#[0-9a-f]{64}", "#" + "0" * 64, before[user])}
    found = ask(host, CONFIG, users=others, left_out={user: [cluster.hosts[0].name], "admin": []})
    assert (found["failed"], found["error"]) == (True, "invalid")
    assert f"password of user {user}: expected what Redis at {host.address}:6379 knows" in found["msg"]
    assert f"--limit leaves out {cluster.hosts[0].name}, found another" in found["msg"]
    assert users() == before


def test_a_failover_loses_no_acknowledged_write(cluster: Cluster) -> None:
    old = cluster.master()
    with Writer(cluster) as writer:
        time.sleep(1)
        found = ask(cluster.hosts[0], FAILOVER, away_from=old)
        taken = cluster.server(str(found.get("master"))).set("erpops:taken", "1", ex=60)
        time.sleep(1)
    assert not found["failed"], found
    assert (found["changed"], found["old_master"], found["master"]) == (True, old, cluster.master())
    assert taken, "expected the new master to take writes at once"
    missing = set(writer.acknowledged) - set(cluster.written())
    assert writer.acknowledged
    assert not missing
    assert found["held_seconds"] < 5
    assert writer.longest < 10
    print(f"writes were held for {found['held_seconds']} s; longest wait of a client {writer.longest:.2f} s")


def test_whoever_is_not_master_is_not_moved(cluster: Cluster) -> None:
    master = cluster.master()
    other = next(host.address for host in cluster.hosts if host.address != master)
    before = cluster.calls()
    for asked in ({"away_from": other}, {"candidate": master}):
        found = ask(cluster.hosts[0], FAILOVER, **asked)
        assert (found["failed"], found["changed"], found["master"]) == (False, False, master)
    assert cluster.calls() == before


def test_the_one_sentinel_would_choose_can_be_named(cluster: Cluster) -> None:
    heir = ask(cluster.hosts[0], INFO)["successors"][0]
    found = ask(cluster.hosts[0], FAILOVER, candidate=heir)
    # What the replicas have received moves all the time; a refusal says so and leaves everything as it was.
    if found["failed"]:
        assert found["error"] in ("no_candidate", "refused"), found
        assert heir in found["msg"]
    else:
        assert (found["changed"], cluster.master()) == (True, heir)
    until(lambda: not ask(cluster.hosts[0], INFO)["reasons"], 60, "everybody to be in sync again")
