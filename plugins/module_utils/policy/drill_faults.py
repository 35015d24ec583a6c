# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a fault is on a host, and what lifts it again: shell that a module runs, and a timer when nobody else does.

Whatever lifts may run twice, and where there is nothing to lift.
"""

from __future__ import annotations

import shlex
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

TABLE = "inet erpops_drill"
# The first line of this file is the process id of PostgreSQL's first process, in its container.
POSTMASTER = "/var/lib/postgresql/*/postmaster.pid"
# A transaction: the table is made anew whether it was there or not.
ANEW = f"table {TABLE}\ndelete table {TABLE}\n"
# The traffic of containers on a bridge is forwarded.
HOOKS = ("input", "output", "forward")


@dataclass(frozen=True)
class Fault:
    """One fault on one host: of a container (``service``), of the host, or towards ``peers`` (addresses)."""

    kind: str
    service: str = ""
    peers: Sequence[str] = ()
    ssh_port: int = 22

    def inject(self) -> str:
        """Return the shell that does it."""
        return KINDS[self.kind][0](self)

    def lift(self) -> str:
        """Return the shell that lifts it and repairs nothing."""
        return KINDS[self.kind][1](self)


def _killed(fault: Fault) -> str:
    return f"docker kill {_name(fault)}"


def _started(fault: Fault) -> str:
    return f"docker start {_name(fault)}"


def _crashed(fault: Fault) -> str:
    # Not by the engine, which would take it for an order and not start the container again.
    pid = f"docker inspect --format '{{{{.State.Pid}}}}' {_name(fault)}"
    return f'pid=$({pid}); test "$pid" -gt 1; kill -KILL "$pid"'


def _postgresql_killed(fault: Fault) -> str:
    return f"docker exec {_name(fault)} sh -c 'kill -KILL \"$(head -qn 1 {POSTMASTER})\"'"


def _frozen(fault: Fault) -> str:
    return f"docker pause {_name(fault)}"


def _thawed(fault: Fault) -> str:
    paused = f"docker inspect --format '{{{{.State.Paused}}}}' {_name(fault)}"
    return f'test "$({paused})" = false || docker unpause {_name(fault)}'


def _cut_off(fault: Fault) -> str:
    peers = ", ".join(sorted(fault.peers))
    return _filtered(fault, f"  set peers {{ type ipv4_addr; elements = {{ {peers} }} }}\n", "ip {side} @peers drop")


def _isolated(fault: Fault) -> str:
    return _filtered(fault, "", "drop")


def _filtered(fault: Fault, sets: str, rule: str) -> str:
    """Return the shell that drops traffic, whatever happens with that of SSH and within the host."""
    chains = ""
    for hook in HOOKS:
        inner, sides = {
            "input": (f"iif lo accept; tcp dport {fault.ssh_port} accept;", ("saddr",)),
            "output": (f"oif lo accept; tcp sport {fault.ssh_port} accept;", ("daddr",)),
            "forward": ("", ("saddr", "daddr")),
        }[hook]
        rules = "; ".join(dict.fromkeys(rule.format(side=side) for side in sides))
        chains += f"  chain {hook} {{ type filter hook {hook} priority -300; {inner} {rules}; }}\n"
    return f"nft -f - <<'END'\n{ANEW}table {TABLE} {{\n{sets}{chains}}}\nEND"


def _let_through(_fault: Fault) -> str:
    return f"nft -f - <<'END'\n{ANEW}END"


def _lost(fault: Fault) -> str:
    """Return the end of a host as others see it: no word to anybody any more, then nothing runs any more."""
    return f"""\
pids=$(docker ps --quiet | xargs --no-run-if-empty docker inspect --format '{{{{.State.Pid}}}}')
{_isolated(fault)}
systemctl stop docker.socket docker.service
test -z "$pids" || kill -KILL $pids
if systemctl is-active --quiet keepalived.service; then systemctl stop keepalived.service; fi"""


def _powered(fault: Fault) -> str:
    """Return what happens when a host boots: the engine starts what ran, and enabled units start."""
    return f"""\
{_let_through(fault)}
systemctl start docker.socket docker.service
if systemctl is-enabled --quiet keepalived.service; then systemctl start keepalived.service; fi"""


def _engine_restarted(_fault: Fault) -> str:
    return "systemctl restart docker.service"


def _nothing(_fault: Fault) -> str:
    return ":"


def _name(fault: Fault) -> str:
    return shlex.quote(fault.service)


Shell = Callable[[Fault], str]
# By name: what does it, what lifts it. Where nothing lifts it, whatever watches over the service has to.
KINDS: Mapping[str, tuple[Shell, Shell]] = {
    "killed": (_killed, _started),
    "crashed": (_crashed, _nothing),
    "postgresql_killed": (_postgresql_killed, _nothing),
    "frozen": (_frozen, _thawed),
    "cut_off": (_cut_off, _let_through),
    "isolated": (_isolated, _let_through),
    "lost": (_lost, _powered),
    "engine_restarted": (_engine_restarted, _nothing),
}
OF_A_CONTAINER = frozenset({"killed", "crashed", "postgresql_killed", "frozen"})


def objection(fault: Fault) -> str:
    """Return what the fault lacks to be one, or nothing."""
    if fault.kind in OF_A_CONTAINER and not fault.service:
        return f"fault {fault.kind}: expected the name of a container, found none"
    if fault.kind == "cut_off" and not fault.peers:
        return "fault cut_off: expected the addresses of peers, found none"
    return ""
