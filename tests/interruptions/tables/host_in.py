"""A host on its way back into service. It was out, with the virtual address and a drain at the other edge."""

from __future__ import annotations

from collections.abc import Mapping

from tests.interruptions.model import (
    CONNECTION,
    EDGE_FILE,
    INTERRUPT,
    KILLED,
    MARK,
    PROCESS,
    Play,
    Point,
    edge,
    host,
    peer,
)
from tests.interruptions.tables import host_out
from tests.interruptions.tables.common import DRAINED, PUT_BACK, TAKE_OUT
from tests.interruptions.tables.host_out import ABOUT, FREE, MARKED, RUNS, SERVER, STOPPED, UNMARKED

UP = host("unit", "keepalived", "active")
IN_SERVICE = edge("file", EDGE_FILE, "lacks", DRAINED)
PLAY = Play(
    PUT_BACK,
    ("playbooks/host_in.yml", *host_out.PLAY.exercises[1:]),
    before=(TAKE_OUT,),
    done=(RUNS, UP, UNMARKED, FREE, IN_SERVICE),
)
WAS = "edge with the address"
ENDING = peer("lease", "host_out", "{host}", "ending")
DRAIN = ("lease", "server_drain", "{edge}:{address}")
# The host's own lease is gone and that of its drain stands: the next run ends what is part of nothing any more.
ORPHANED = (RUNS, UNMARKED, FREE, edge(*DRAIN, "held"), edge("file", EDGE_FILE, "holds", DRAINED))
SAID = ("ended server_drain {edge}:{address}", "{address} is in service at {edge} again")

POINTS: Mapping[str, Point] = {
    "in_claimed": Point(
        "host_in",
        "the lease says that it is being ended, and nothing has started yet",
        WAS,
        (("lease", "host_out", "{host}", "ending"),),
        KILLED,
        (ENDING, MARKED, STOPPED),
        ABOUT,
        module_too=True,
        fine=True,
    ),
    "in_etcd_started": Point(
        "host_in",
        "etcd runs, nothing else does",
        WAS,
        (("container", "etcd", "running"),),
        INTERRUPT,
        (ENDING, MARKED, host("container", "etcd", "running"), host("container", "redis", "stopped")),
        ABOUT,
        module_too=True,
        service="etcd",
    ),
    "in_sentinel_started": Point(
        "host_in",
        "Sentinel runs before its Redis does",
        WAS,
        (("container", "sentinel", "running"), ("container", "redis", "stopped")),
        PROCESS,
        (ENDING, MARKED, host("container", "sentinel", "running"), host("container", "patroni", "stopped")),
        ABOUT,
        service="sentinel",
    ),
    "in_redis_started": Point(
        "host_in",
        "Redis runs; the host starts the rest without anybody watching, and no edge is told",
        WAS,
        (("container", "redis", "running"), ("container", "patroni", "stopped")),
        CONNECTION,
        (*ORPHANED, UP),
        ABOUT,
        service="redis",
        says=SAID,
    ),
    "in_postgresql_started": Point(
        "host_in",
        "PostgreSQL runs and may not have caught up, Odoo does not",
        WAS,
        (("container", "patroni", "running"),),
        KILLED,
        (ENDING, MARKED, host("container", "patroni", "running"), host("container", "odoo_north_web", "stopped")),
        ABOUT,
        module_too=True,
        service="patroni",
    ),
    "in_odoo_started": Point(
        "host_in",
        "the users' Odoo runs, the edge does not",
        WAS,
        (("container", "odoo_north_web", "running"),),
        CONNECTION,
        (ENDING, MARKED, host("container", "odoo_north_web", "running"), host("container", "traefik", "stopped")),
        ABOUT,
        module_too=True,
        service="odoo_north_web",
    ),
    "in_edge_started": Point(
        "host_in",
        "the edge runs, keepalived does not; the host goes on alone, and the other edge is not told",
        WAS,
        (("container", "traefik", "running"), ("unit", "keepalived", "inactive")),
        KILLED,
        (*ORPHANED, UP),
        ABOUT,
        service="traefik",
        says=SAID,
    ),
    "in_all_started": Point(
        "host_in",
        "everything runs, and the host is still marked as out",
        WAS,
        (("unit", "keepalived", "active"), ("file", MARK, "there")),
        INTERRUPT,
        (RUNS, UP, MARKED, ENDING),
        ABOUT,
        module_too=True,
        service="keepalived",
        fine=True,
        near=(("container", "traefik", "running"),),
    ),
    "in_lease_ended": Point(
        "host_in",
        "the lease is gone and the other edge was told nothing",
        WAS,
        (("lease", "host_out", "{host}", "none"),),
        KILLED,
        (*ORPHANED, UP),
        ABOUT,
        module_too=True,
        says=SAID,
        fine=True,
        near=(("file", MARK, "absent"),),
    ),
    "in_drain_ending": Point(
        "host_in",
        "the other edge sends it requests again, and the lease of the drain still stands",
        WAS,
        ((*DRAIN, "ending"), ("file", EDGE_FILE, "lacks", DRAINED)),
        KILLED,
        (RUNS, UNMARKED, FREE, IN_SERVICE, edge(*DRAIN, "ending")),
        SERVER,
        at="edge",
        module_too=True,
        fine=True,
    ),
}
