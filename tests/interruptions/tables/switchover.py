"""PostgreSQL's leadership on its way. There are three moments and what is taken back before: kinds differ."""

from __future__ import annotations

from collections.abc import Mapping

from tests.interruptions.model import CONNECTION, EDGE_FILE, INTERRUPT, KILLED, PROCESS, Act, Play, Point, edge, host
from tests.interruptions.tables.common import FAILOVER, LEADER, LEASES, SWITCHOVER, SYNC, UTILS
from tests.interruptions.tables.rolling_restart import ORPHAN

MODULE = "erpops.estate.patroni_switchover"
LEADS = host("key", LEADER, "is", "{standby}")
# Patroni empties its request and leaves the key.
ASKING = '"leader":'
PLAY = Play(
    Act(SWITCHOVER, ("-e", "switchover_to={standby}")),
    ("playbooks/switchover.yml", "plugins/modules/patroni_switchover.py", f"{UTILS}/health/patroni.py", *LEASES),
    done=(LEADS, host("key", FAILOVER, "lacks", ASKING)),
)
ASKED = (("key", FAILOVER, "holds", ASKING),)
MOVED = (("key", LEADER, "not", "{leader}"),)
FOLLOWED = (("key", SYNC, "lacks", '"leader":"{leader}"'), ("key", LEADER, "not", "{leader}"))


def moment(does: str, when: tuple[tuple[str, ...], ...], kill: str, *, module_too: bool = False) -> Point:
    """Return a point of the switchover itself: whatever dies, Patroni carries it out."""
    return Point(
        "switchover",
        does,
        "asked for postgresql",
        when,
        kill,
        (LEADS,),
        MODULE,
        module_too=module_too,
        service="patroni",
        says=("{standby} leads, before it {standby}",),
    )


POINTS: Mapping[str, Point] = {
    "switchover_asked_interrupt": moment("Patroni was asked, and the old leader leads", ASKED, INTERRUPT),
    "switchover_asked_killed": moment("the same, the bastion is lost", ASKED, KILLED, module_too=True),
    "switchover_asked_connection": moment("the same, the host cannot be reached any more", ASKED, CONNECTION),
    "switchover_asked_process": moment("the same, the module dies alone", ASKED, PROCESS),
    "switchover_moved_interrupt": moment("the old leader leads no more", MOVED, INTERRUPT, module_too=True),
    "switchover_moved_killed": moment("the same, the bastion is lost", MOVED, KILLED),
    "switchover_moved_connection": moment(
        "the same, the host cannot be reached any more", MOVED, CONNECTION, module_too=True
    ),
    "switchover_moved_process": moment("the same, the module dies alone", MOVED, PROCESS),
    "switchover_followed_killed": moment(
        "the new leader has its standbys, and the old one may not stream yet", FOLLOWED, KILLED, module_too=True
    ),
    "switchover_taking_back": Point(
        "switchover",
        "what an earlier run has left is being taken back, and the old leader leads",
        "first edge",
        ((*ORPHAN, "ending"), ("file", EDGE_FILE, "lacks", "# drained: http://{application}")),
        INTERRUPT,
        (
            host(*ORPHAN, "ending"),
            edge("lease", "server_drain", "{edges[1]}:{application}", "held"),
            host("key", LEADER, "is", "{leader}"),
        ),
        "erpops.estate.lease_end",
        module_too=True,
        service="patroni",
        orphan=True,
        rest=125,
        says=("ended server_drain {edges[0]}:{application}", "ended server_drain {edges[1]}:{application}"),
    ),
}
