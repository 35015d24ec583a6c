"""Where the policy lets nothing through no playbook touches any host; what it lets through is what was approved."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.erpops.estate.plugins.module_utils.evidence.estimates import coarse, durations
from ansible_collections.erpops.estate.plugins.module_utils.policy.change.versions import told

from tests.conftest import REPOSITORY
from tests.estate.daemons import Etcd, Patroni
from tests.estate.governed import APPROVED, CHANGE, DRILL, NEXT, GovernedLab
from tests.estate.wait import until, until_whole
from tests.estate.world import Estate

# Everything that changes anything, as an operator would call it.
CALLED: dict[str, dict[str, Any]] = {
    "site": {},
    "rolling_restart": {"restart_services": ["traefik", "patroni"]},
    "switchover": {},
    "host_out": {"out_host": "node2"},
    "host_in": {"out_host": "node2"},
    "drill": {"drill_scenario": "edge_killed", "change": DRILL},
}
LOOK = """
find /etc/erpops /etc/keepalived /etc/systemd/system /etc/docker /etc/nftables.conf /var/lib/erpops/proven \
    -type f -exec sha256sum {} + 2>/dev/null | sort
sha256sum /var/lib/dpkg/status
ls /var/lib/erpops /run/erpops* 2>/dev/null
ip -oneline address
nft --stateless list ruleset
"""
# What an engine says of itself without anybody having changed anything.
EVENTS = "docker events --since %s --until %s --format '{{.Type}} {{.Action}} {{.Actor.Attributes.name}}'"
NOW = "date +%s.%N"
IDLE = ("container exec_", "container health_status", "container top")


# By the name of an image, a container that has it.
RUN_BY = {"etcd": "etcd", "postgresql": "patroni", "redis": "sentinel", "odoo": "odoo_north_web", "traefik": "traefik"}


def running(estate: Estate) -> dict[str, str]:
    """Which image containers have, by its name, as their engines say."""
    found = [host.containers() for host in estate.hosts]
    return {
        name: told(one[container]["Config"]["Image"] for one in found if container in one)
        for name, container in RUN_BY.items()
    }


@pytest.fixture
def denying(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> GovernedLab:
    """No rule lets anything run, and there is a freeze."""
    return GovernedLab(tmp_path, monkeypatch)


@pytest.fixture
def approving(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> GovernedLab:
    """A window is open, and who manages has to approve."""
    return GovernedLab(tmp_path, monkeypatch, rules=APPROVED, effect="window")


def everything(estate: Estate) -> dict[str, Any]:
    """All that a run could have changed."""
    return {
        "hosts": {host.name: host.run(LOOK).stdout for host in estate.hosts},
        "patroni": Patroni(estate).state(),
        "leases": Etcd(estate).ctl("get /erpops --prefix"),
    }


@pytest.fixture(scope="module")
def before(estate: Estate) -> dict[str, Any]:
    until_whole(estate)
    return everything(estate)


@pytest.fixture
def quiet(estate: Estate) -> Iterator[None]:
    """No engine does anything until the end of the test."""
    began = {host.name: host.check_output(NOW) for host in estate.hosts}
    yield
    found = {host.name: host.check_output(EVENTS, began[host.name], host.check_output(NOW)) for host in estate.hosts}
    done = {host: [line for line in said.splitlines() if not line.startswith(IDLE)] for host, said in found.items()}
    assert done == {host.name: [] for host in estate.hosts}


def test_all_playbooks_that_change_anything_are_tried() -> None:
    asking = [
        path.stem for path in (REPOSITORY / "playbooks").glob("*.yml") if "tasks/ask_first.yml" in path.read_text()
    ]
    assert sorted(asking) == sorted(CALLED)


@pytest.mark.parametrize("playbook", CALLED)
@pytest.mark.usefixtures("quiet")
def test_what_the_policy_denies_touches_nothing(
    estate: Estate, denying: GovernedLab, before: dict[str, Any], playbook: str
) -> None:
    run = denying.act(playbook, {"change": CHANGE, **CALLED[playbook]}, check=False)
    assert run.status != 0
    assert "may not run, for " in run.output
    kind = "drill" if playbook == "drill" else "infrastructure"
    assert f"- policy: expected a rule for {kind} in development with tier standard, found none" in run.output
    assert "- freeze: freeze 'now' (calendars/now.ics:4) is on until" in run.output
    assert "- launcher: expected to be known" in run.output
    assert (run.tasks, run.changes) == ((), 0)
    assert everything(estate) == before
    plan = denying.record().plan
    assert plan["playbook"].startswith(playbook)
    if playbook == "site":
        assert {name: plan["before"][f"image {name}"] for name in RUN_BY} == running(estate)


def restarted(estate: Estate) -> dict[str, str]:
    return {host.name: host.containers()["traefik"]["State"]["StartedAt"] for host in estate.group("edge")}


def test_what_was_approved_runs_stops_where_it_has_to_and_is_proven(estate: Estate, approving: GovernedLab) -> None:
    until_whole(estate)
    called = {"restart_services": ["traefik"], "plan": str(approving.path / "plan.json"), "change": CHANGE}
    planned = approving.act("rolling_restart", called, "--check")
    assert "may not run, for 2 reasons" in str(planned.results)
    plan = json.loads((approving.path / "plan.json").read_text())
    first, last = (step["hosts"][0] for step in plan["steps"])
    approving.sign("ada")
    approving.sign("eve", "launch")

    started = restarted(estate)

    def withdraw() -> None:
        until(lambda: restarted(estate)[first] != started[first], 60, f"{first} to be restarted", interval=0.2)
        approving.sign("ada", "withdraw")

    thread = threading.Thread(target=withdraw)
    thread.start()
    run = approving.act("rolling_restart", called, check=False)
    thread.join()
    assert run.status != 0
    assert "approvals: the one of ada does not count: it was withdrawn" in run.output
    assert f"Done are traefik on {first}; left are traefik on {last}." in run.output
    assert restarted(estate)[last] == started[last], "the next one is not touched"
    until_whole(estate)
    planned = approving.act("rolling_restart", {"restart_services": ["traefik"], "change": NEXT}, "--check")
    overlap = f"overlap: expected no infrastructure beside infrastructure, found {CHANGE} by eve since "
    assert overlap in str(planned.results), "it is half way, and nobody has the lock"

    for path in approving.approvals.glob("*withdraw*"):
        path.unlink()
    approving.act("rolling_restart", called)
    assert restarted(estate)[last] != started[last]
    record = approving.record()
    assert [(one["ok"], len(one["done"])) for one in record.verdicts] == [(True, 0), (True, 0), (True, 1)]
    assert all(one["evidence"] for one in record.verdicts), "the backup that the policy asks for was looked for"
    assert record.origin["launcher"] == {"person": "eve", "proof": "signature"}
    assert {host for step in record.steps for host in step.changed} == {first, last}
    assert not [key for key in approving.kept() if "lock" in key]
    verified = approving.act("ledger_verify", {"ledger_configuration": str(approving.path / "ledger.json")})
    assert f"The {len(approving.entries())} entries are a chain" in str(verified.results)

    planned = approving.act("rolling_restart", {**called, "change": NEXT}, "--check")
    assert "overlap: expected" not in str(planned.results)
    took = dict(durations(record))
    plan = json.loads((approving.path / "plan.json").read_text())
    # The run that was stopped has done its first step, too; the one of the other host was done once.
    planned_seconds = {step["name"]: step["seconds"] for step in plan["steps"]}
    assert planned_seconds[f"traefik on {last}"] == coarse(took[f"traefik on {last}"])
