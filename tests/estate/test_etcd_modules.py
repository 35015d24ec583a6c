"""The modules for etcd: what they tell while all is well and while it is not, and a copy that comes back to life."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from typing import Any

import pytest

from tests.estate import site
from tests.estate.daemons import KEEPER, TIMER, Etcd
from tests.estate.traces import leader
from tests.estate.wait import until, until_whole
from tests.estate.world import Estate, Host

INFO, SNAPSHOT, LEASES = "erpops.estate.etcd_info", "erpops.estate.etcd_snapshot", "erpops.estate.lease_info"
FILE = "/var/backups/erpops-probe/etcd.db"

# A cluster of one from the copy, in a container of its own and without a network; it is asked for Patroni's keys.
RESTORE = r"""
image=$(docker inspect --format '{{.Config.Image}}' etcd)
docker run --rm --network none --user 0 --volume "$(dirname "$1"):/copy:ro" "$image" bash -euc '
    etcdutl snapshot restore "/copy/$1" --data-dir /tmp/restored >/dev/null 2>&1
    etcd --data-dir /tmp/restored >/tmp/log 2>&1 &
    for attempt in $(seq 100); do etcdctl endpoint health >/dev/null 2>&1 && break; sleep 0.1; done
    etcdctl get /service/lab/ --prefix --keys-only | grep .
' restore "$(basename "$1")"
"""


@pytest.fixture(scope="module")
def cluster(estate: Estate) -> Etcd:
    return Etcd(estate)


@pytest.fixture
def host(cluster: Etcd) -> Iterator[Host]:
    yield cluster.hosts[0]
    cluster.hosts[0].check_output("rm -rf /var/backups/erpops-probe")


def ask(host: Host, name: str, *options: str, **arguments: Any) -> dict[str, Any]:
    return site.module(host.name, name, arguments or None, *options)[host.name]


def test_it_tells_what_the_members_say_and_needs_no_option(cluster: Etcd) -> None:
    found = ask(cluster.hosts[-1], INFO)
    assert not found["failed"], found
    assert (found["ok"], found["reasons"], found["alarms"]) == (True, [], [])
    assert found["quorum"] == {"size": 3, "needed": 2, "answering": 3}
    own = cluster.status()
    assert found["members"].keys() == own.keys()
    for name, status in own.items():
        member = found["members"][name]
        assert (member["version"], member["id"]) == (status["version"], str(status["header"]["member_id"]))
        assert (found["leader"] == name) == (status["leader"] == status["header"]["member_id"])
        assert member["db_size_bytes"] > 0
        assert 0 <= member["lag"] < 100


@pytest.mark.parametrize(
    ("arguments", "error", "reason"),
    [
        ({"ca_file": "/etc/ssl/certs/ca-certificates.crt"}, "not_trusted", "CERTIFICATE_VERIFY_FAILED"),
        ({"key_file": "/nowhere"}, "missing_file", "No such file"),
        ({"port": 2399}, "unreachable", "Connection refused"),
    ],
)
def test_who_cannot_be_asked_is_said(cluster: Etcd, arguments: dict[str, Any], error: str, reason: str) -> None:
    found = ask(cluster.hosts[0], INFO, **arguments)
    assert (found["failed"], found["error"]) == (True, error)
    assert reason in found["msg"]


def test_a_copy_is_whole_is_root_s_alone_and_comes_back_to_life(cluster: Etcd, host: Host) -> None:
    would = ask(host, SNAPSHOT, "--check", path=FILE)
    assert (would["changed"], host.file(FILE).exists) == (True, False)
    before = min(status["header"]["revision"] for status in cluster.status().values())
    made = ask(host, SNAPSHOT, path=FILE)
    assert not made["failed"], made
    assert made["changed"]
    assert made["revision"] >= before
    file = host.file(FILE)
    assert (file.user, file.mode, file.size, file.sha256sum) == ("root", 0o600, made["size_bytes"], made["sha256"])
    assert "/service/lab/leader" in host.check_output("bash -euc %s restore %s", RESTORE, FILE)
    left = host.check_output("find /var/lib/erpops/etcd /var/backups/erpops-probe -name '.*.new'")
    assert left == ""


def test_a_young_copy_stays_and_a_torn_one_does_not(host: Host) -> None:
    first = ask(host, SNAPSHOT, path=FILE)
    again = ask(host, SNAPSHOT, path=FILE, max_age_minutes=60)
    assert (again["changed"], again["sha256"], again["revision"]) == (False, first["sha256"], first["revision"])
    assert ask(host, SNAPSHOT, path=FILE)["changed"], "without an age every run writes a new one"
    host.check_output("truncate --size=-1 %s", FILE)
    mended = ask(host, SNAPSHOT, path=FILE, max_age_minutes=60)
    assert (mended["failed"], mended["changed"]) == (False, True)
    assert not ask(host, SNAPSHOT, path=FILE, max_age_minutes=60)["changed"]


def test_its_leader_leaves_the_host_of_postgresqls(estate: Estate, cluster: Etcd) -> None:
    both = leader(estate)
    both.check_output("systemctl stop %s", TIMER)
    try:
        cluster.lead(both)
        assert cluster.leader().name == both.name
        both.check_output("systemctl start %s", KEEPER)
        assert cluster.leader().name != both.name
        heir = cluster.leader()
        for host in cluster.hosts:
            host.check_output("systemctl start %s", KEEPER)
        assert cluster.leader().name == heir.name, "expected nothing to move where the two are apart"
    finally:
        both.check_output("systemctl start %s", TIMER)
    said = both.check_output("journalctl --unit %s --lines 20 --output cat", KEEPER)
    assert f"etcd leadership moved from {both.name} to {heir.name}" in said


@contextmanager
def frozen(hosts: list[Host]) -> Iterator[None]:
    """Stop these members' processes where they stand."""
    with ExitStack() as stack:
        for host in hosts:
            host.check_output("docker pause etcd")
            stack.callback(host.check_output, "docker unpause etcd")
        yield


def test_a_lost_member_and_a_lost_quorum_are_told_apart(estate: Estate, cluster: Etcd, host: Host) -> None:
    others = [other for other in cluster.hosts if other != host]
    with frozen(others[:1]):
        lost = ask(host, INFO)
    until(lambda: bool(ask(host, INFO).get("ok")), 30, "etcd to be whole", interval=1)
    with frozen(others), ThreadPoolExecutor() as askers:
        until(lambda: not ask(host, INFO)["leader"], 20, "the last member to notice that it is alone", interval=1)
        # At once: each of them waits for members that do not answer.
        asked = askers.submit(ask, host, INFO), askers.submit(ask, host, LEASES)
        copied = askers.submit(ask, host, SNAPSHOT, path=FILE)
        service = host.run("systemctl start %s", KEEPER)
        said = host.check_output("journalctl --unit %s --lines 20 --output cat", KEEPER)
        alone, leases = (each.result() for each in asked)
        copy = copied.result()
    until_whole(estate)
    assert (lost["failed"], lost["ok"], lost["quorum"]["answering"]) == (False, False, 2)
    assert f"etcd member {others[0].name}: expected an answer" in "; ".join(lost["reasons"])
    assert "nothing can be written" not in "; ".join(lost["reasons"])
    assert (alone["failed"], alone["ok"], alone["quorum"]["answering"]) == (False, False, 1)
    assert "expected at least 2 of 3 members to answer" in "; ".join(alone["reasons"])
    assert (leases["failed"], leases["error"]) == (True, "no_quorum")
    assert "start the members that are down" in leases["msg"]
    assert (copy["failed"], copy["changed"]) == (False, True), "that is when a copy is needed most"
    assert any("expected to know a leader" in warning for warning in copy["warnings"])
    assert service.rc != 0, "expected the keeper of leases not to hide that it cannot read them"
    assert "leases cannot be kept" in said
    assert host.run("systemctl start %s", KEEPER).rc == 0
