"""Every point at which a playbook is killed, and those at which one was."""

from __future__ import annotations

from collections.abc import Mapping

from tests.interruptions.model import CLIENTS, Play, Point, Words
from tests.interruptions.tables import drill, host_in, host_out, rolling_restart, site, switchover
from tests.interruptions.tables.common import UTILS

PLAYS: Mapping[str, Play] = {
    "host_out": host_out.PLAY,
    "host_in": host_in.PLAY,
    "rolling_restart": rolling_restart.PLAY,
    "switchover": switchover.PLAY,
    "drill": drill.PLAY,
    "site": site.PLAY,
}
POINTS: Mapping[str, Point] = {
    **host_out.POINTS,
    **host_in.POINTS,
    **rolling_restart.POINTS,
    **switchover.POINTS,
    **drill.POINTS,
    **site.POINTS,
}

# Carried out by the tests of the estate each time, so that no result of them has to be kept.
EVERY_TIME = ("site_standby_removed", "switchover_moved_killed")
CARRIED_OUT: frozenset[str] = frozenset(
    {
        "out_leased",
        "out_announced",
        "out_drain_leased",
        "out_address_leaving",
        "out_odoo_stopped",
        "out_leader_moved",
        "out_etcd_stopped",
    }
)
# The others can be, but nothing is promised of them, and no result of them is missed.
UNTRIED = frozenset(POINTS) - CARRIED_OUT - set(EVERY_TIME)


def kind(service: str) -> str:
    """Return the kind of a service, by which its role is tagged too."""
    return service.partition("_")[0]


def exercises(point: Point) -> Words:
    """Return the globs of the code that a point exercises."""
    return (*PLAYS[point.playbook].exercises, *(f"{UTILS}/{each}" for each in CLIENTS.get(kind(point.service), ())))
