"""Drills whose operator is gone: the struck host lifts the fault by itself, and the next drill is a whole one."""

from __future__ import annotations

from collections.abc import Mapping

from tests.interruptions.model import (
    CONNECTION,
    FAULT,
    INTERRUPT,
    KILLED,
    LIFT,
    PROCESS,
    Act,
    Play,
    Point,
    host,
)
from tests.interruptions.tables.common import DRILL, UTILS

MODULE = "erpops.estate.drill_fault"
RECORD = f"{FAULT}/fault.json"
PLAY = Play(
    Act(DRILL, ("-e", "drill_scenario={scenario}", "-e", "drill_result={result}", "-e", "drill_instance=north")),
    (
        "playbooks/drill.yml",
        "playbooks/tasks/drill.yml",
        "plugins/modules/drill_fault.py",
        f"{UTILS}/clients/host_fault.py",
        f"{UTILS}/policy/drill_faults.py",
        f"{UTILS}/policy/drill_plan.py",
    ),
    done=(host("file", FAULT, "absent"), host("containers", "running")),
    bounded=True,
)
ARMED, UNARMED = host("unit", LIFT, "active"), host("unit", LIFT, "inactive")
BEGUN = (host("file", FAULT, "there"), host("file", RECORD, "absent"))
LIFTED = (host("file", FAULT, "absent"), host("containers", "running"))
UNWELL = "before the drill: "
PROBES = "select name from sale_order where client_order_ref like 'erpops-probe-%'"
DONE = host("file", RECORD, "there")


def stopped(name: str) -> tuple[str, ...]:
    """Return that a container is away."""
    return "container", name, "stopped"


POINTS: Mapping[str, Point] = {
    "drill_unarmed": Point(
        "drill",
        "the fault is written down, and no timer would lift it yet: the next drill does",
        "sentinel",
        (("file", f"{FAULT}/lift", "there"), ("unit", LIFT, "inactive")),
        KILLED,
        (*BEGUN, UNARMED, host("containers", "running")),
        MODULE,
        module_too=True,
        scenario="sentinel_lost",
        service="sentinel",
        says=("lifted what an earlier drill has left: a fault that was begun",),
        fine=True,
    ),
    "drill_armed": Point(
        "drill",
        "the timer is armed, and the fault was not done yet",
        "sentinel",
        (("unit", LIFT, "active"), ("container", "sentinel", "running")),
        INTERRUPT,
        (*BEGUN, ARMED),
        MODULE,
        module_too=True,
        scenario="sentinel_lost",
        service="sentinel",
        refused="expected no fault of another drill",
        until=LIFTED,
        fine=True,
    ),
    "drill_struck_process": Point(
        "drill",
        "the fault is done and its module dies alone: the drill lifts it and ends",
        "sentinel",
        (stopped("sentinel"),),
        PROCESS,
        LIFTED,
        MODULE,
        scenario="sentinel_lost",
        service="sentinel",
        fine=True,
    ),
    "drill_struck_killed": Point(
        "drill",
        "the fault is done, and nobody hears of it",
        "sentinel",
        (stopped("sentinel"),),
        KILLED,
        (host(*stopped("sentinel")), ARMED, DONE),
        MODULE,
        scenario="sentinel_lost",
        service="sentinel",
        refused=UNWELL,
        until=LIFTED,
        fine=True,
    ),
    "drill_lasting_interrupt": Point(
        "drill",
        "the fault lasts, and its operator ends the drill",
        "sentinel",
        (stopped("sentinel"), ("file", RECORD, "there")),
        INTERRUPT,
        (host(*stopped("sentinel")), ARMED),
        "",
        scenario="sentinel_lost",
        service="sentinel",
        refused=UNWELL,
        until=LIFTED,
    ),
    "drill_lasting_killed": Point(
        "drill",
        "Redis' master hangs, and the bastion is lost",
        "redis master",
        (("container", "redis", "paused"), ("file", RECORD, "there")),
        KILLED,
        (host("container", "redis", "paused"), ARMED),
        "",
        scenario="redis_master_frozen",
        service="redis",
        refused=UNWELL,
        until=LIFTED,
    ),
    "drill_struck_connection": Point(
        "drill",
        "the edge with the address is away, and its host cannot be reached any more to lift that",
        "edge with the address",
        (stopped("traefik"),),
        CONNECTION,
        LIFTED,
        MODULE,
        scenario="edge_killed",
        service="traefik",
        fine=True,
    ),
    "drill_cut_off": Point(
        "drill",
        "Redis' master loses everybody, and so does the host its bastion",
        "redis master",
        (("table", "inet erpops_drill", "there"),),
        KILLED,
        (host("table", "inet erpops_drill", "there"), ARMED),
        MODULE,
        module_too=True,
        scenario="redis_master_cut_off",
        service="redis",
        refused=UNWELL,
        until=(*LIFTED, host("table", "inet erpops_drill", "absent")),
        fine=True,
    ),
    "drill_lifting": Point(
        "drill",
        "the fault is lifted, and the module dies before it has said so",
        "sentinel",
        (("file", RECORD, "there"), ("container", "sentinel", "running")),
        PROCESS,
        LIFTED,
        MODULE,
        scenario="sentinel_lost",
        service="sentinel",
        fine=True,
        near=(("file", RECORD, "there"),),
    ),
    "drill_probing": Point(
        "drill",
        "the synthetic user has made an order, which a later probe takes back; nothing was struck",
        "first odoo",
        (("rows", "north", PROBES, "some"),),
        KILLED,
        (host("rows", "north", PROBES, "some"), host("file", FAULT, "absent")),
        "erpops.estate.odoo_probe",
        module_too=True,
        scenario="sentinel_lost",
        service="odoo_north_web",
    ),
}
