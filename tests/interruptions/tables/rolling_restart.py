"""Services that are restarted one host after the other."""

from __future__ import annotations

from collections.abc import Mapping

from tests.interruptions.model import (
    CONNECTION,
    EDGE_FILE,
    INTERRUPT,
    KILLED,
    LEAVE,
    PROCESS,
    Act,
    Play,
    Point,
    edge,
    host,
    peer,
)
from tests.interruptions.tables.common import CONTROL, LEADER, LEASES, RESTART, UTILS

STATE = "erpops.estate.service_state"
MARK = "/var/lib/erpops/odoo/north/draining"
PLAY = Play(
    Act(RESTART, ("-e", '{{"restart_services": ["{service}"]}}')),
    (
        "playbooks/rolling_restart.yml",
        "playbooks/tasks/restart_*.yml",
        "plugins/modules/service_state.py",
        f"{UTILS}/service/overview.py",
        *LEASES,
        *CONTROL,
    ),
    done=(host("started", "{service}", "anew", "{host_now}"),),
)
AS_BEFORE = host("started", "{service}", "since", "{host_since}")
ANEW = host("started", "{service}", "anew", "{host_since}")
OTHER_ANEW = edge("started", "{service}", "anew", "{edge_since}")
OTHER_AS_BEFORE = edge("started", "{service}", "since", "{edge_since}")
PEER_ANEW = peer("started", "{service}", "anew", "{peer_since}")
PEER_AS_BEFORE = peer("started", "{service}", "since", "{peer_since}")
ORPHAN = ("lease", "server_drain", "{edges[0]}:{application}")

POINTS: Mapping[str, Point] = {
    "restart_address_leaving": Point(
        "rolling_restart",
        "the other edge was restarted, and the last one was asked to let the address go",
        "edge with the address",
        (("file", LEAVE, "holds", "1"),),
        KILLED,
        (OTHER_ANEW, AS_BEFORE, host("file", LEAVE, "lacks", "1")),
        STATE,
        module_too=True,
        service="traefik",
    ),
    "restart_edge_stopped": Point(
        "rolling_restart",
        "an edge is stopped for its restart; the engine carries it out alone",
        "standby edge",
        (("container", "traefik", "stopped"),),
        PROCESS,
        (ANEW, OTHER_AS_BEFORE),
        STATE,
        service="traefik",
    ),
    "restart_odoo_drained": Point(
        "rolling_restart",
        "the users' Odoo says that it drains, and still runs",
        "first odoo",
        (("file", MARK, "there"), ("started", "odoo_north_web", "since", "{host_since}")),
        KILLED,
        (AS_BEFORE, host("file", MARK, "there"), OTHER_AS_BEFORE),
        STATE,
        module_too=True,
        service="odoo_north_web",
        cleared=MARK,
    ),
    "restart_odoo_stopped": Point(
        "rolling_restart",
        "the users' Odoo is stopped for its restart, and nobody hears how it went on",
        "first odoo",
        (("container", "odoo_north_web", "stopped"),),
        CONNECTION,
        (ANEW, OTHER_AS_BEFORE),
        STATE,
        service="odoo_north_web",
    ),
    "restart_master_moved": Point(
        "rolling_restart",
        "the replicas were restarted, Sentinel has promoted one, the old master was not touched",
        "redis master",
        (("master", "elsewhere"), ("started", "redis", "since", "{host_since}")),
        KILLED,
        (PEER_ANEW, AS_BEFORE, host("master", "elsewhere")),
        STATE,
        module_too=True,
        service="redis",
    ),
    "restart_redis_stopped": Point(
        "rolling_restart",
        "a replica of Redis is stopped for its restart, and nobody else was touched",
        "redis replica",
        (("container", "redis", "stopped"),),
        INTERRUPT,
        (ANEW, PEER_AS_BEFORE),
        STATE,
        module_too=True,
        service="redis",
    ),
    "restart_leader_moved": Point(
        "rolling_restart",
        "another member leads PostgreSQL; the host restarts its own without anybody watching",
        "postgresql leader",
        (("key", LEADER, "not", "{host}"), ("started", "patroni", "since", "{host_since}")),
        KILLED,
        (PEER_ANEW, ANEW, peer("key", LEADER, "not", "{host}")),
        STATE,
        service="patroni",
    ),
    "restart_standby_stopped": Point(
        "rolling_restart",
        "a standby of PostgreSQL is stopped for its restart, and nobody else was touched",
        "postgresql standby",
        (("container", "patroni", "stopped"),),
        INTERRUPT,
        (ANEW, PEER_AS_BEFORE),
        STATE,
        service="patroni",
    ),
    "restart_keepalived_stopped": Point(
        "rolling_restart",
        "keepalived is stopped for its restart; systemd carries it out alone",
        "standby edge",
        (("unit", "keepalived", "inactive"),),
        PROCESS,
        (ANEW, OTHER_AS_BEFORE),
        STATE,
        service="keepalived",
        fine=True,
    ),
    "restart_taking_back": Point(
        "rolling_restart",
        "what an earlier run has left is being taken back, and nothing was restarted yet",
        "first edge",
        ((*ORPHAN, "ending"), ("file", EDGE_FILE, "lacks", "# drained: http://{application}")),
        KILLED,
        (host(*ORPHAN, "ending"), edge("lease", "server_drain", "{edges[1]}:{application}", "held"), AS_BEFORE),
        "erpops.estate.lease_end",
        module_too=True,
        service="traefik",
        orphan=True,
        rest=125,
        says=("ended server_drain {edges[0]}:{application}", "ended server_drain {edges[1]}:{application}"),
    ),
}
