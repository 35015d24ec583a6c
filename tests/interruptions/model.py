"""What a point is: a playbook, the moment inside one of its mutations, how the run dies there, and what is left."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

# How a run dies. Ctrl-C at the bastion; the bastion lost; the connection to the host cut, while the bastion lives on;
# the module on the host killed, while everything else lives on.
INTERRUPT, KILLED, CONNECTION, PROCESS = KINDS = ("interrupt", "killed", "connection", "process")

Words = tuple[str, ...]

LEAVE = "/run/erpops-edge-leave"
MARK = "/var/lib/erpops/out_of_service"
EDGE_FILE = "/etc/erpops/traefik/dynamic/estate.yml"
FAULT = "/run/erpops-drill"
LIFT = "erpops-drill-lift.timer"


@dataclass(frozen=True)
class At:
    """A condition of the watcher, and who is asked: host, edge (another one), or peer (another member of etcd)."""

    who: str
    words: Words


def host(*words: str) -> At:
    """Ask the host that the point is about."""
    return At("host", words)


def edge(*words: str) -> At:
    """Ask another edge."""
    return At("edge", words)


def peer(*words: str) -> At:
    """Ask another member of etcd."""
    return At("peer", words)


@dataclass(frozen=True)
class Act:
    """A playbook with its arguments; words in braces are filled in for the running estate."""

    playbook: str
    arguments: Words = ()


@dataclass(frozen=True)
class Play:
    """A playbook that is killed, what must be before it, what is whole after the next run, and what follows that.

    ``bounded`` says that its end also tells whether bounds were kept, which is not what is asked here. ``exercises``
    are globs: a result is older than its code when one of the files has changed.
    """

    act: Act
    exercises: Words
    before: tuple[Act, ...] = ()
    done: tuple[At, ...] = ()
    after: tuple[Act, ...] = ()
    bounded: bool = False


@dataclass(frozen=True)
class Point:
    """One interruption.

    ``whom`` names the host in the words of ``cast.WHOM``; ``at`` is where the module runs, as in :class:`At`. The run
    dies when all of ``moment`` is so while ``module`` runs there ("": whatever runs), by ``kill``; with ``module_too``
    the module dies with it, else it goes on to its end, as what runs on a host does whose bastion is gone.
    A moment that lasts milliseconds is looked for ``fine``, from when it is ``near``.
    ``service`` is the container or unit it is about, ``scenario`` the drill. What asks for a replacement are
    ``variables`` of the run, or a file that was ``edited`` and read; a file of an earlier time that would be taken for
    the moment is ``cleared``. With ``orphan`` an earlier run has left a drain at every edge.
    ``left`` has to be seen then, within a minute. ``refused`` is what a run that comes at once is refused with; what
    follows waits for ``rest`` seconds, or until ``until`` is so. The next run is ``then``, or the same again: it says
    ``says``, and everything is whole.
    """

    playbook: str
    does: str
    whom: str
    moment: tuple[Words, ...]
    kill: str
    left: tuple[At, ...]
    module: str
    at: str = "host"
    module_too: bool = False
    fine: bool = False
    near: tuple[Words, ...] = ()
    service: str = ""
    scenario: str = ""
    variables: Mapping[str, Any] = field(default_factory=dict)
    edited: str = ""
    cleared: str = ""
    orphan: bool = False
    refused: str = ""
    rest: int = 0
    until: tuple[At, ...] = ()
    then: Act | None = None
    says: Words = ()


# What of the collection a service brings into play, by its kind.
CLIENTS: Mapping[str, Words] = {
    "etcd": ("members/etcd.py", "clients/etcd.py"),
    "keepalived": ("members/keepalived.py", "clients/keepalived.py", "clients/systemd.py"),
    "odoo": ("members/odoo.py",),
    "patroni": ("members/patroni.py", "clients/patroni.py", "policy/patroni_moves.py"),
    "redis": ("members/redis.py", "members/redis_cluster.py", "clients/redis.py", "clients/sentinel.py"),
    "sentinel": ("members/sentinel.py", "clients/sentinel.py"),
    "traefik": ("members/traefik.py", "members/keepalived.py", "clients/keepalived.py"),
}
