"""The modules for Patroni: what they tell, what they refuse, what check mode leaves alone, and how leadership moves."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.estate import site
from tests.estate.daemons import Patroni
from tests.estate.wait import until
from tests.estate.world import Estate, Host

INFO, SWITCHOVER = "erpops.estate.patroni_info", "erpops.estate.patroni_switchover"
RESTART, CONFIG = "erpops.estate.patroni_restart", "erpops.estate.patroni_config"
WHOLE = 90
SHOUT = "LEADER ALONE; expected a standby in the quorum, found none"


@pytest.fixture(scope="module")
def cluster(estate: Estate) -> Patroni:
    return Patroni(estate)


def ask(host: Host, name: str, *options: str, **arguments: Any) -> dict[str, Any]:
    return site.module(host.name, name, arguments or None, *options)[host.name]


def until_ok(cluster: Patroni) -> None:
    until(lambda: bool(ask(cluster.hosts[0], INFO).get("ok")), WHOLE, "the cluster to be whole", interval=1)


def test_it_tells_what_the_members_say_and_needs_no_option(cluster: Patroni) -> None:
    found = ask(cluster.hosts[-1], INFO)
    assert not found["failed"], found
    assert (found["ok"], found["reasons"], found["paused"]) == (True, [], False)
    assert found["leader"] == cluster.leader()
    shown = cluster.members()
    started = cluster.started()
    assert found["members"].keys() == shown.keys()
    for name, member in found["members"].items():
        assert member["timeline"] == shown[name]["TL"] == found["timeline"]
        assert member["state"] == shown[name]["State"]
        assert datetime.fromisoformat(member["started"]) == started[name]
        assert member["version"] == cluster.sql(name, "show server_version").split()[0]
    assert f"ttl: {found['config']['ttl']}" in cluster.config()


@contextmanager
def frozen(host: Host) -> Iterator[None]:
    """Stop the member's processes where they stand."""
    host.check_output("docker pause patroni")
    try:
        yield
    finally:
        host.check_output("docker unpause patroni")


def test_a_member_that_stands_still_is_said_and_is_no_candidate(cluster: Patroni) -> None:
    leader, still = cluster.leader(), cluster.replicas()[0]
    asked = cluster.host(leader)
    with frozen(cluster.host(still)):
        found = ask(asked, INFO)
        refused = ask(asked, RESTART, started_before="now")
        # Until then the store still has its last word.
        until(lambda: still not in cluster_of(asked), 40, "the store to forget the member", interval=2)
        candidate = ask(asked, SWITCHOVER, candidate=still)
    until_ok(cluster)
    assert (found["failed"], found["ok"], found["leader"]) == (False, False, leader)
    assert f"PostgreSQL on {still}: expected an answer of its Patroni" in "; ".join(found["reasons"])
    assert found["members"][leader]["ok"]
    assert (refused["failed"], refused["error"], refused["actions"]) == (True, "unreachable", [])
    assert (candidate["failed"], candidate["error"]) == (True, "no_candidate")
    assert cluster.leader() == leader


def test_a_leader_alone_goes_on_and_is_shouted(cluster: Patroni) -> None:
    """Replication is not strict: who has lost every standby acknowledges, and health says what that means."""
    leader = cluster.leader()
    asked = cluster.host(leader)
    with ExitStack() as stack:
        for name in cluster.replicas():
            stack.enter_context(frozen(cluster.host(name)))
        until(lambda: SHOUT in "; ".join(ask(asked, INFO)["reasons"]), 60, "the leader alone to be shouted", interval=2)
        until(
            lambda: cluster.sql(leader, "show synchronous_standby_names") == "", 30, "replication not to be waited for"
        )
        assert cluster.sql(leader, "create table alone (); drop table alone; select 'acknowledged'") == "acknowledged"
        [told] = [row for row in ask(asked, "erpops.estate.service_info")["services"] if row["service"] == "patroni"]
    until_ok(cluster)
    assert not told["health"]["ok"]
    assert SHOUT in "; ".join(told["health"]["reasons"])
    assert cluster.leader() == leader


def cluster_of(host: Host) -> dict[str, Any]:
    return {name: row for name, row in ask(host, INFO)["members"].items() if row.get("state")}


def test_check_mode_says_what_would_be_and_changes_nothing(cluster: Patroni) -> None:
    host, leader, before = cluster.hosts[0], cluster.leader(), cluster.state()
    moved = ask(host, SWITCHOVER, "--check", "--diff", away_from=leader)
    assert (moved["changed"], moved["previous"], moved["actions"]) == (True, leader, [])
    assert moved["leader"] in cluster.replicas()
    assert moved["diff"] == {"before": {"leader": leader}, "after": {"leader": moved["leader"]}}
    restarted = ask(host, RESTART, "--check", started_before="now")
    assert (restarted["changed"], restarted["waiting"]) == (True, [*cluster.replicas(), leader])
    configured = ask(host, CONFIG, "--check", "--diff", config={"primary_stop_timeout": 77})
    assert (configured["changed"], configured["patch"]) == (True, {"primary_stop_timeout": 77})
    assert configured["diff"]["after"]["primary_stop_timeout"] == 77
    assert cluster.state() == before


@pytest.fixture(scope="class")
def untouched(cluster: Patroni) -> Iterator[None]:
    """See that nothing was changed by all of them together."""
    before = cluster.state()
    yield
    assert cluster.state() == before


@pytest.mark.usefixtures("untouched")
class TestRefusals:
    """What is refused changes nothing."""

    @pytest.mark.parametrize(
        ("name", "arguments", "error", "reason"),
        [
            (
                SWITCHOVER,
                {"candidate": "node9"},
                "no_candidate",
                "expected a member of the cluster, found node1, node2",
            ),
            (INFO, {"ca_file": "/etc/ssl/certs/ca-certificates.crt"}, "not_trusted", "CERTIFICATE_VERIFY_FAILED"),
            (INFO, {"ca_file": "/nowhere"}, "missing_file", "No such file"),
            (INFO, {"port": 8998}, "unreachable", "Connection refused"),
            (SWITCHOVER, {"password_file": "/nowhere"}, "missing_file", "/nowhere"),
            (
                CONFIG,
                {"config": {"primary_stop_timeout": 77}, "password_file": "/etc/hostname"},
                "not_authorised",
                "401",
            ),
            (CONFIG, {"config": {"ttl": 14}}, "invalid", "ttl: expected a number from 20 to 3600, found 14"),
            (CONFIG, {"config": {"failsave_mode": True}}, "invalid", "did you mean failsafe_mode?"),
            (CONFIG, {"config": {"loop_wait": 15}}, "invalid", "expected at least loop_wait + 2 * retry_timeout = 25"),
            (SWITCHOVER, {"timeout": 1}, "invalid", "timeout: expected 5 to 3600 s, found 1"),
            (RESTART, {"started_before": "2026-11-23T12:00:00"}, "invalid", "has no zone"),
        ],
    )
    def test_it_is_said_why(
        self, cluster: Patroni, name: str, arguments: dict[str, Any], error: str | None, reason: str
    ) -> None:
        found = ask(cluster.hosts[0], name, **arguments)
        assert (found["failed"], found.get("error")) == (True, error)
        assert reason in found["msg"]


def test_where_nothing_says_how_the_cluster_is_reached_the_module_says_so(estate: Estate) -> None:
    store = estate.group("object_storage")[0]
    found = ask(store, INFO)
    assert (found["failed"], found["error"]) == (True, "refused")
    assert "run this where patroni runs, or run its role again, or give the options members, ca_file" in found["msg"]


def test_a_cluster_that_is_out_of_reach_is_not_taken_for_one_that_is_all_new(cluster: Patroni) -> None:
    found = ask(cluster.hosts[0], CONFIG, "--check", config={"primary_stop_timeout": 77}, port=8998)
    assert (found["failed"], found["error"]) == (True, "unreachable"), found


def test_a_key_is_merged_and_a_null_removes_it(cluster: Patroni) -> None:
    host, before = cluster.hosts[0], cluster.config()
    assert "primary_stop_timeout" not in before
    first = ask(host, CONFIG, config={"primary_stop_timeout": 77})
    assert {entry["kind"]: entry["data"] for entry in first["evidence"]} == {
        "before": {},
        "after": {"PostgreSQL primary_stop_timeout": 77},
    }
    assert (first["changed"], first["patch"]) == (True, {"primary_stop_timeout": 77})
    assert "primary_stop_timeout: 77" in cluster.config()
    assert not ask(host, CONFIG, config={"primary_stop_timeout": 77})["changed"]
    assert ask(host, CONFIG, config={"primary_stop_timeout": None})["changed"]
    assert cluster.config() == before
    assert not ask(host, CONFIG, config={"primary_stop_timeout": None})["changed"]


def test_a_switchover_ends_when_writes_are_taken_and_the_old_leader_streams(cluster: Patroni) -> None:
    old, new = cluster.leader(), cluster.replicas()[-1]
    moved = ask(cluster.host(old), SWITCHOVER, candidate=new)
    # At once, without waiting for anything: that is what it promises.
    written = cluster.sql(new, "create temp table probe as select 1 as n; select n from probe; select txid_current()")
    streams = cluster.sql(new, "select application_name, state, sync_state from pg_stat_replication").splitlines()
    assert not moved["failed"], moved
    assert (moved["changed"], moved["previous"], moved["leader"]) == (True, old, new)
    assert moved["actions"] == [f"PostgreSQL leadership moved from {old} to {new}"]
    assert written.startswith("1")
    # Patroni counts it among the quorum one loop later; somebody else is in it meanwhile.
    assert [line for line in streams if line in (f"{old}|streaming|quorum", f"{old}|streaming|async")], streams
    assert [line for line in streams if line.endswith("|streaming|quorum")], streams
    assert cluster.leader() == new
    for arguments in ({"candidate": new}, {"away_from": old}):
        again = ask(cluster.host(old), SWITCHOVER, **arguments)
        assert (again["failed"], again["changed"], again["leader"]) == (False, False, new)
    print(f"switchover seen as complete after {moved['seconds']} s")
    until_ok(cluster)


def test_all_that_were_started_before_a_moment_restart_the_leader_by_switchover(cluster: Patroni) -> None:
    host, leader, replicas = cluster.hosts[0], cluster.leader(), cluster.replicas()
    moment = datetime.now(UTC)
    done = ask(host, RESTART, started_before=moment.isoformat())
    assert not done["failed"], done
    assert done["waiting"] == [*replicas, leader]
    assert done["actions"][:2] == [f"PostgreSQL restarted on {name}" for name in replicas]
    assert done["actions"][2].startswith(f"PostgreSQL leadership moved from {leader} to ")
    assert len(done["actions"]) == 3
    assert all(started > moment for started in cluster.started().values())
    before = cluster.state()
    again = ask(host, RESTART, started_before=moment.isoformat())
    assert (again["failed"], again["changed"], again["actions"]) == (False, False, [])
    assert cluster.state() == before
    until_ok(cluster)
