"""A host on its way out of service."""

from __future__ import annotations

from collections.abc import Mapping

from tests.interruptions.model import (
    CONNECTION,
    EDGE_FILE,
    INTERRUPT,
    KILLED,
    LEAVE,
    MARK,
    PROCESS,
    Play,
    Point,
    edge,
    host,
    peer,
)
from tests.interruptions.tables.common import CONTROL, DRAINED, LEADER, LEASES, PUT_BACK, TAKE_OUT, UTILS

ABOUT = "erpops.estate.host_maintenance"
SERVER = "erpops.estate.traefik_server"
PLAY = Play(
    TAKE_OUT,
    (
        "playbooks/host_out.yml",
        "plugins/modules/host_maintenance.py",
        "plugins/modules/traefik_server.py",
        f"{UTILS}/leases/host_out.py",
        f"{UTILS}/service/edge.py",
        *LEASES,
        *CONTROL,
    ),
    done=(host("containers", "stopped"), host("file", MARK, "there"), peer("lease", "host_out", "{host}", "held")),
    after=(PUT_BACK,),
)
HELD = peer("lease", "host_out", "{host}", "held")
FREE = peer("lease", "host_out", "{host}", "none")
RUNS, STOPPED = host("containers", "running"), host("containers", "stopped")
MARKED, UNMARKED = host("file", MARK, "there"), host("file", MARK, "absent")

POINTS: Mapping[str, Point] = {
    "out_leased": Point(
        "host_out",
        "the lease is taken, and nothing else was done",
        "only clusters",
        (("lease", "host_out", "{host}", "held"),),
        KILLED,
        (HELD, RUNS),
        ABOUT,
        module_too=True,
        fine=True,
    ),
    "out_announced": Point(
        "host_out",
        "the host is marked, and everything on it runs",
        "only clusters",
        (("lease", "host_out", "{host}", "held"), ("file", MARK, "there")),
        INTERRUPT,
        (HELD, MARKED, RUNS),
        ABOUT,
        then=PUT_BACK,
        fine=True,
    ),
    "out_drain_leased": Point(
        "host_out",
        "the other edge has a lease on draining it, and may not have drained it yet",
        "edge with the address",
        (("lease", "server_drain", "{edge}:{address}", "held"),),
        KILLED,
        (HELD, MARKED, RUNS, edge("lease", "server_drain", "{edge}:{address}", "held")),
        SERVER,
        at="edge",
        module_too=True,
        fine=True,
    ),
    "out_drained": Point(
        "host_out",
        "the other edge sends it nothing any more; the run itself puts all back, since that edge does not answer it",
        "edge with the address",
        (("file", EDGE_FILE, "holds", DRAINED),),
        CONNECTION,
        (FREE, UNMARKED, RUNS, edge("file", EDGE_FILE, "lacks", DRAINED)),
        SERVER,
        at="edge",
    ),
    "out_address_leaving": Point(
        "host_out",
        "keepalived was asked to let the address go; a timer of the host ends that",
        "edge with the address",
        (("file", LEAVE, "holds", "1"),),
        KILLED,
        (HELD, MARKED, RUNS, host("file", LEAVE, "lacks", "1")),
        ABOUT,
        module_too=True,
        service="keepalived",
    ),
    "out_keepalived_stopped": Point(
        "host_out",
        "keepalived is stopped; the run itself puts everything back, as its module dies alone",
        "edge with the address",
        (("unit", "keepalived", "inactive"),),
        PROCESS,
        (FREE, UNMARKED, RUNS, host("unit", "keepalived", "active"), edge("file", EDGE_FILE, "lacks", DRAINED)),
        ABOUT,
        service="keepalived",
    ),
    "out_odoo_stopped": Point(
        "host_out",
        "the users' Odoo is stopped, PostgreSQL runs",
        "edge with the address",
        (("container", "odoo_north_web", "stopped"),),
        CONNECTION,
        (HELD, MARKED, host("container", "odoo_north_web", "stopped"), host("container", "patroni", "running")),
        ABOUT,
        module_too=True,
        service="odoo_north_web",
    ),
    "out_leader_moved": Point(
        "host_out",
        "another member leads PostgreSQL, the host's own still runs",
        "postgresql leader",
        (("key", LEADER, "not", "{host}"), ("container", "patroni", "running")),
        INTERRUPT,
        (HELD, MARKED, host("container", "patroni", "running"), peer("key", LEADER, "not", "{host}")),
        ABOUT,
        module_too=True,
        service="patroni",
    ),
    "out_master_moved": Point(
        "host_out",
        "Sentinel has promoted another Redis; the run itself starts again what was stopped before",
        "redis master",
        (("master", "elsewhere"),),
        PROCESS,
        (FREE, UNMARKED, RUNS, host("master", "elsewhere")),
        ABOUT,
        service="redis",
    ),
    "out_etcd_stopped": Point(
        "host_out",
        "etcd, the last of all, is stopped; nobody is told any more that it is done",
        "etcd leader",
        (("container", "etcd", "stopped"),),
        KILLED,
        (HELD, MARKED, STOPPED),
        ABOUT,
        service="etcd",
    ),
}
