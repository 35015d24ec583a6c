"""A host leaves for maintenance while people work, and comes back."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from tests.estate import site
from tests.estate.wait import until_whole
from tests.estate.world import Estate, Host, Instance
from tests.load.load import Load

OUT, IN = "erpops.estate.host_out", "erpops.estate.host_in"
# Moving the virtual address ends the connections that are open at that moment.
AT_THAT_MOMENT = 12


def act(playbook: str, host: Host, *, check: bool = True) -> site.Run:
    arguments = ("-e", f"out_host={host.name}", "-e", "out_owner=ada@bastion", "-e", "out_reason=memory")
    return site.run(*arguments, check=check, playbook=playbook)


def running(host: Host) -> set[str]:
    return {name for name, container in host.containers().items() if container["State"]["Running"]}


@pytest.fixture(scope="module")
def victim(estate: Estate) -> Iterator[Host]:
    """The busiest host there is: it has the virtual address, and is back when the tests have ended."""
    until_whole(estate)
    host = estate.edge_with_address()
    yield host
    act(IN, host)
    until_whole(estate)


def test_a_host_leaves_while_people_work(estate: Estate, north: Instance, victim: Host) -> None:
    with Load(estate, north) as load:
        time.sleep(5)
        left = act(OUT, victim)
        time.sleep(10)
    result = load.result()
    print(result.summary())
    assert left.changes
    assert not running(victim)
    assert victim.service("docker").is_running
    assert estate.edge_with_address().name != victim.name
    assert not result.truth.faults, result.summary()
    assert len(result.failed) <= AT_THAT_MOMENT, result.summary()


def test_it_stays_out(victim: Host) -> None:
    assert act(OUT, victim).changes == 0
    refused = site.run("--tags", "etcd", check=False)
    assert refused.status != 0
    assert f"host {victim.name}: service: it was taken out of service" in refused.output
    assert not running(victim)
