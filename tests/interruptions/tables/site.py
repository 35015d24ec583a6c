"""The replacement of a service by site.yml: from the intent to health, one host of one role."""

from __future__ import annotations

from collections.abc import Mapping

from tests.interruptions.model import (
    CONNECTION,
    INTERRUPT,
    KILLED,
    LEAVE,
    PROCESS,
    Act,
    Play,
    Point,
    host,
)
from tests.interruptions.tables.common import LEADER, SITE, UTILS

MODULE = "erpops.estate.service"
CONTAINER = "{service}"
PLAY = Play(
    Act(SITE, ("--tags", "{kind}", "--limit", "{host}", "-e", "{variables}")),
    (
        "playbooks/site.yml",
        "roles/estate/tasks/replace*.yml",
        "roles/estate/tasks/service.yml",
        "plugins/modules/service.py",
        f"{UTILS}/service/converger.py",
        f"{UTILS}/service/run.py",
        f"{UTILS}/service/record.py",
        f"{UTILS}/service/gate.py",
        f"{UTILS}/policy/converge.py",
        f"{UTILS}/clients/docker_engine.py",
    ),
    done=(
        host("pending", CONTAINER, ""),
        host("container", CONTAINER, "running"),
        host("container", CONTAINER, "replaced", "{old}"),
    ),
    after=(Act(SITE, ("--tags", "{kind}", "--limit", "{host}")),),
)
INTENDED = host("pending", CONTAINER, "replace")
UNTOUCHED = (
    host("pending", CONTAINER, ""),
    host("container", CONTAINER, "kept", "{old}"),
    host("container", CONTAINER, "running"),
)
OLD = ("container", CONTAINER, "kept", "{old}")
NEW = ("container", CONTAINER, "replaced", "{old}")
TRAEFIK = {"traefik_log_level": "ERROR"}
PATRONI = {"patroni_stop_timeout": 125}
ETCD = {"etcd_log_level": "debug"}
CONFIG, DRAINING = "/etc/erpops/odoo/north/web.conf", "/var/lib/erpops/odoo/north/draining"

POINTS: Mapping[str, Point] = {
    "site_edge_intended": Point(
        "site",
        "the intent to replace an edge is recorded, and the old container is still there",
        "standby edge",
        (("pending", "traefik", "replace"), OLD),
        KILLED,
        (INTENDED, host(*OLD), host("container", "traefik", "running")),
        MODULE,
        module_too=True,
        service="traefik",
        variables=TRAEFIK,
        fine=True,
        near=(("pending", "traefik", "replace"),),
    ),
    "site_edge_written": Point(
        "site",
        "the new configuration of an edge is written, and the old container runs with the old one",
        "standby edge",
        (("file", "/etc/erpops/traefik/traefik.yml", "holds", "ERROR"), OLD),
        INTERRUPT,
        (INTENDED, host(*OLD)),
        MODULE,
        module_too=True,
        service="traefik",
        variables=TRAEFIK,
        fine=True,
        near=(("pending", "traefik", "replace"),),
    ),
    "site_address_leaving": Point(
        "site",
        "the edge with the address was asked to let it go, and nothing is recorded yet",
        "edge with the address",
        (("file", LEAVE, "holds", "1"),),
        KILLED,
        (*UNTOUCHED, host("file", LEAVE, "lacks", "1")),
        MODULE,
        module_too=True,
        service="traefik",
        variables=TRAEFIK,
    ),
    "site_standby_removed": Point(
        "site",
        "the container of a standby of PostgreSQL is gone, and no new one has run",
        "postgresql standby",
        (("pending", "patroni", "replace"), ("container", "patroni", "gone")),
        KILLED,
        # What was asked of the engine before it was killed may still be done: the new one is made then, or not.
        (INTENDED, host("container", "patroni", "unstarted")),
        MODULE,
        module_too=True,
        service="patroni",
        variables=PATRONI,
        fine=True,
        near=(("pending", "patroni", "replace"),),
    ),
    "site_standby_created": Point(
        "site",
        "the new container of a standby of PostgreSQL is made and was not started",
        "postgresql standby",
        (("container", "patroni", "created"),),
        PROCESS,
        (INTENDED, host("container", "patroni", "created"), host(*NEW)),
        MODULE,
        service="patroni",
        variables=PATRONI,
        fine=True,
        near=(("pending", "patroni", "replace"),),
    ),
    "site_leader_moved": Point(
        "site",
        "another member leads PostgreSQL; the host replaces its own without anybody watching",
        "postgresql leader",
        (("key", LEADER, "not", "{host}"), OLD),
        CONNECTION,
        (host("pending", "patroni", ""), host(*NEW), host("container", "patroni", "running")),
        MODULE,
        service="patroni",
        variables=PATRONI,
    ),
    "site_odoo_drained": Point(
        "site",
        "the users' Odoo says that it drains, and nothing is recorded yet",
        "last odoo",
        (("file", DRAINING, "there"), OLD),
        INTERRUPT,
        (*UNTOUCHED, host("file", DRAINING, "there")),
        MODULE,
        module_too=True,
        service="odoo_north_web",
        edited=CONFIG,
        cleared=DRAINING,
    ),
    "site_odoo_started": Point(
        "site",
        "the users' new Odoo runs and was not yet seen healthy",
        "last odoo",
        (("pending", "odoo_north_web", "replace"), NEW, ("container", "odoo_north_web", "running")),
        KILLED,
        (INTENDED, host(*NEW), host("container", "odoo_north_web", "running")),
        MODULE,
        module_too=True,
        service="odoo_north_web",
        edited=CONFIG,
        fine=True,
        near=(("pending", "odoo_north_web", "replace"),),
    ),
    "site_etcd_moved": Point(
        "site",
        "another member leads etcd, and nothing is recorded yet",
        "etcd leader",
        (("etcd_leader", "elsewhere"), OLD),
        CONNECTION,
        (*UNTOUCHED, host("etcd_leader", "elsewhere")),
        MODULE,
        module_too=True,
        service="etcd",
        variables=ETCD,
        fine=True,
    ),
    "site_etcd_stopped": Point(
        "site",
        "a member of etcd is stopped and its container not yet removed",
        "only clusters",
        (("container", "etcd", "stopped"), OLD),
        KILLED,
        (INTENDED, host("container", "etcd", "stopped"), host(*OLD)),
        MODULE,
        module_too=True,
        service="etcd",
        variables=ETCD,
        fine=True,
        near=(("pending", "etcd", "replace"),),
    ),
}
