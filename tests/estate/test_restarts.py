"""A setting that PostgreSQL takes over only when it starts: one member after the other, the leader last."""

from __future__ import annotations

import json

from tests.estate import site
from tests.estate.daemons import Watch
from tests.estate.traces import leader, psql
from tests.estate.wait import until_whole
from tests.estate.world import Estate, Instance
from tests.load.load import Load
from tests.load.result import disproof

SETTING = "max_locks_per_transaction"


def settings(estate: Estate) -> set[str]:
    return {psql(host, "postgres", f"show {SETTING}") for host in estate.group("patroni")}


def started(estate: Estate) -> dict[str, float]:
    """Return when each member's PostgreSQL was started, in seconds since the epoch."""
    query = "select extract(epoch from pg_postmaster_start_time())"
    return {host.name: float(psql(host, "postgres", query)) for host in estate.group("patroni")}


def test_replicas_restart_first_and_the_leader_by_switchover(estate: Estate, north: Instance) -> None:
    until_whole(estate)
    led, before, wanted = leader(estate).name, started(estate), str(int(settings(estate).pop()) + 32)
    with Load(estate, north) as load, Watch(estate) as watch:
        site.run("--tags", "patroni", "-e", json.dumps({"patroni_parameters": {SETTING: int(wanted)}}))
    watch.never_two()
    after = started(estate)
    assert settings(estate) == {wanted}
    assert all(after[name] > before[name] for name in before), "expected every member to have been started anew"
    assert max(after, key=lambda name: after[name]) == led, f"expected {led}, which led, to be the last; found {after}"
    assert leader(estate).name != led
    result = load.result()
    assert not disproof(result.kept()), result.summary()


def test_a_setting_that_is_no_longer_wanted_goes_again(estate: Estate) -> None:
    raised = settings(estate)
    with Watch(estate) as watch:
        site.run("--tags", "patroni")
    watch.never_two()
    assert settings(estate) != raised
    assert len(settings(estate)) == 1
    until_whole(estate)
