# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a fault is on a host, and what lifts it again: shell that a module runs, and a timer when nobody else does.

Whatever lifts may run twice, and where there is nothing to lift.
"""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

TABLE = "inet erpops_drill"
# The first line of this file is the process id of PostgreSQL's first process, in its container.
POSTMASTER = "/var/lib/postgresql/*/postmaster.pid"
# The library of the host that a wrong clock comes from, its copy in the container, and where programs are found first.
FAKETIME = "/usr/lib/*/faketime/libfaketimeMT.so.1"
CLOCK, FIRST_IN_PATH = "/usr/local/lib/erpops-drill-clock.so", "/usr/local/sbin"
HOURS_AHEAD = 1
# Seconds that a container gets to end what is under way.
STOP_SECONDS = 10
# Takes all the room that a volume has left.
FILLING = ".erpops-drill"
# A transaction: the table is made anew whether it was there or not.
ANEW = f"table {TABLE}\ndelete table {TABLE}\n"


@dataclass(frozen=True)
class Fault:
    """One fault on one host: of a container (``service``), of the host, or to ``peers`` (addresses) at ``ports``."""

    kind: str
    service: str = ""
    peers: Sequence[str] = ()
    ports: Sequence[int] = ()
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
    return f'found=$({_found(fault, "--all")}); test -z "$found" || docker start {_name(fault)}'


def _crashed(fault: Fault) -> str:
    # Not by the engine, which would take it for an order and not start the container again.
    pid = f"docker inspect --format '{{{{.State.Pid}}}}' {_name(fault)}"
    return f'pid=$({pid}); test "$pid" -gt 1; kill -KILL "$pid"'


def _postgresql_killed(fault: Fault) -> str:
    return f"docker exec {_name(fault)} sh -c 'kill -KILL \"$(head -qn 1 {POSTMASTER})\"'"


def _frozen(fault: Fault) -> str:
    return f"docker pause {_name(fault)}"


def _thawed(fault: Fault) -> str:
    return f'found=$({_found(fault, "--filter status=paused")}); test -z "$found" || docker unpause {_name(fault)}'


def _wrong_clock(fault: Fault) -> str:
    """Start the program of a container anew, by a file of its name that comes first and has it see another time.

    Only what is called by its bare name can be reached so. What it waits for does not go by this clock.
    """
    within = f"docker exec --interactive --user 0 {_name(fault)} sh -c"
    lacking = "expected the package libfaketime on this host, found none"
    settings = f"LD_PRELOAD={CLOCK} FAKETIME=+{HOURS_AHEAD}h FAKETIME_DONT_FAKE_MONOTONIC=1"
    return f"""\
library=$(ls {FAKETIME} 2>/dev/null) || {{ echo '{lacking}' >&2; exit 1; }}
{_program(fault)}
real=$(docker exec {_name(fault)} sh -c "command -v $program")
{within} 'cat >{CLOCK} && chmod 0644 {CLOCK}' <"$library"
{within} "cat >{FIRST_IN_PATH}/$program && chmod 0755 {FIRST_IN_PATH}/$program" <<END
#!/bin/sh
export {settings}
exec $real "\\$@"
END
{_restarted(fault)}"""


def _right_clock(fault: Fault) -> str:
    # The library goes last: as long as it is there, this has not been done.
    within = f"docker exec --user 0 {_name(fault)}"
    return f"""\
found=$({_found(fault, "--all")})
test -z "$found" || found=$({within} sh -c 'test ! -e {CLOCK} || echo {CLOCK}')
if test -n "$found"; then
    {_program(fault)}
    {within} rm -f {FIRST_IN_PATH}/"$program"
    {_restarted(fault)}
    {within} rm -f {CLOCK}
fi"""


def _program(fault: Fault) -> str:
    return f"program=$(docker inspect --format '{{{{.Path}}}}' {_name(fault)})"


def _restarted(fault: Fault) -> str:
    return f"docker restart --time {STOP_SECONDS} {_name(fault)}"


def _disk_full(fault: Fault) -> str:
    """Leave no room on the volumes that only this container has: a disk that others share is never filled.

    Such a volume may also be a part of what the container keeps, as one for WAL alone. A file as long as there is room
    does not fit, since where it lies is written down too: it takes what there is.
    """
    lacking = f"expected a volume of its own below {fault.service}, found none"
    return f"""\
found=$({_volumes(fault)})
test -n "$found" || {{ echo '{lacking}' >&2; exit 1; }}
for each in $found; do
    room=$(df --output=avail --block-size=1 "$each" | tail -n 1)
    fallocate --length "$room" "$each/{FILLING}" || test -s "$each/{FILLING}"
done"""


def _disk_freed(fault: Fault) -> str:
    return f"""\
found=$({_found(fault, "--all")})
test -z "$found" || for each in $({_volumes(fault)}); do rm -f "$each/{FILLING}"; done"""


def _volumes(fault: Fault) -> str:
    """Return what names the mounts of the host that are what the container has of it, or a part of that."""
    sources = f"docker inspect --format '{{{{range .Mounts}}}}{{{{println .Source}}}}{{{{end}}}}' {_name(fault)}"
    below = 'awk -v of="$each" \'$2 == of || index($2, of "/") == 1 { print $2 }\' /proc/self/mounts'
    return f'{sources} | while read -r each; do test -z "$each" || {below}; done'


def _cut_off(fault: Fault) -> str:
    """Drop what services of this host and their peers say to each other, whoever opened the connection.

    Containers on a bridge are forwarded, so they get through: they are others, that happen to be on this host.
    """
    peers, ports = ", ".join(sorted(fault.peers)), ", ".join(str(port) for port in sorted(fault.ports))
    chains = "".join(
        _chain(hook, [f"ip {side} {{ {peers} }} tcp {way} {{ {ports} }} drop" for way in ("dport", "sport")])
        for hook, side in (("input", "saddr"), ("output", "daddr"))
    )
    return _table(chains)


def _isolated(fault: Fault) -> str:
    """Drop everything but SSH and what the host says to itself."""
    within = (("input", "iif", "dport"), ("output", "oif", "sport"))
    chains = "".join(
        _chain(hook, [f"{way} lo accept", f"tcp {side} {fault.ssh_port} accept", "drop"]) for hook, way, side in within
    )
    return _table(chains + _chain("forward", ["drop"]))


def _chain(hook: str, rules: Iterable[str]) -> str:
    return f"  chain {hook} {{ type filter hook {hook} priority -300; {'; '.join(rules)}; }}\n"


def _table(chains: str) -> str:
    return f"nft -f - <<'END'\n{ANEW}table {TABLE} {{\n{chains}}}\nEND"


def _let_through(_fault: Fault) -> str:
    return f"nft -f - <<'END'\n{ANEW}END"


def _lost(fault: Fault) -> str:
    """Return the end of a host as others see it: no word to anybody any more, then nothing runs any more.

    keepalived goes early, since a virtual address that stays is answered for below what nftables sees.
    """
    return f"""\
pids=$(docker ps --quiet | xargs --no-run-if-empty docker inspect --format '{{{{.State.Pid}}}}')
{_isolated(fault)}
if systemctl is-active --quiet keepalived.service; then systemctl stop keepalived.service; fi
systemctl stop docker.socket docker.service
test -z "$pids" || kill -KILL $pids"""


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


def _found(fault: Fault, which: str) -> str:
    """Return the question whether there is such a container; it fails where the engine does not answer."""
    return f"docker ps --quiet {which} --filter {shlex.quote(f'name=^/{fault.service}$')}"


Shell = Callable[[Fault], str]
# By name: what does it, what lifts it. Where nothing lifts it, whatever watches over the service has to.
KINDS: Mapping[str, tuple[Shell, Shell]] = {
    "killed": (_killed, _started),
    "crashed": (_crashed, _nothing),
    "postgresql_killed": (_postgresql_killed, _nothing),
    "frozen": (_frozen, _thawed),
    "wrong_clock": (_wrong_clock, _right_clock),
    "disk_full": (_disk_full, _disk_freed),
    "cut_off": (_cut_off, _let_through),
    "isolated": (_isolated, _let_through),
    "lost": (_lost, _powered),
    "engine_restarted": (_engine_restarted, _nothing),
}
OF_A_CONTAINER = frozenset({"killed", "crashed", "postgresql_killed", "frozen", "wrong_clock", "disk_full"})


def objection(fault: Fault) -> str:
    """Return what the fault lacks to be one, or nothing."""
    if fault.kind in OF_A_CONTAINER and not fault.service:
        return f"fault {fault.kind}: expected the name of a container, found none"
    if fault.kind == "cut_off" and not (fault.peers and fault.ports):
        return "fault cut_off: expected the addresses and ports of peers, found none"
    return ""
