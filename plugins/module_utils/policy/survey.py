# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What one look at a host tells: the question as one command, its answer as data."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any

# One round trip and no interpreter on the host. The clock is read first and last: what the host itself took between
# the two says nothing against it. A limit of the control group the host lives in is where version 2 or 1 keeps it.
CLOCK = "echo @clock; date +%s.%N"
HOST = r"""
echo @system; . /etc/os-release; echo "$ID $VERSION_ID"
echo @memory; awk '/^MemTotal/ {print $2}' /proc/meminfo
echo @cpus; getconf _NPROCESSORS_ONLN
echo @limit; cat /sys/fs/cgroup/memory.max /sys/fs/cgroup/memory/memory.limit_in_bytes 2>/dev/null
echo @addresses; ip -oneline -family inet address show 2>/dev/null | awk '{print $2, $4}'
echo @disk; df -Pk /var/lib | awk 'NR == 2 {print $4}'
echo @listening; cat /proc/net/tcp /proc/net/tcp6 2>/dev/null | awk '$4 == "0A" {print $2}'
echo @present; ls -1 /etc/erpops /var/lib/erpops 2>/dev/null
echo @packages; dpkg-query -W -f '${db:Status-Abbrev} ${Package}\n' 2>/dev/null | awk '$1 == "ii" {print $2}'
""".strip()
# An engine that hangs holds the answer up, so that only who needs it asks.
ENGINE = """
running() {
  ids=$(timeout 10 docker ps --quiet) && {
    test -z "$ids" || timeout 10 docker inspect --format '{{.Name}} {{.Config.Image}}' $ids
  }
}
# One that is gone before it is inspected fails all: they are asked for again, but not of an engine that hangs.
again() { test $? -ne 124 && running; }
echo @running; ! command -v docker >/dev/null || { found=$(running || again) && echo "$found" || echo '?'; } 2>/dev/null
""".strip()

# Stands among the services' directories while a host is out of service.
OUT_OF_SERVICE = "out_of_service"
# What belongs to no one service.
COMMON = {"tls", "proven"}
# In place of containers, where the engine does not answer.
SILENT = "?"
# Without a limit, version 1 reports a number near 2^63.
NO_LIMIT = 1 << 60


@dataclass(frozen=True)
class Survey:
    """A host as it was seen.

    ``clock_offset`` is how far its clock is ahead of the controller's, in seconds, and ``clock_doubt``
    how wrong that may be. ``addresses`` holds interface and IPv4 address, ``listening`` address and port.
    ``present`` names the services of the estate that have files on the host already, ``packages`` what the
    distribution has installed. ``running`` has the image of each container that runs, None where the engine was not
    asked or did not say it.
    """

    clock_offset: float
    clock_doubt: float
    system: str
    version: str
    cpus: int
    memory_mb: int
    disk_free_mb: int
    addresses: tuple[tuple[str, str], ...] = ()
    listening: tuple[tuple[str, int], ...] = ()
    present: tuple[str, ...] = ()
    packages: tuple[str, ...] = ()
    running: Mapping[str, str] | None = None

    def as_dict(self) -> dict[str, Any]:
        """Return plain data that can travel as a task's result."""
        return asdict(self)

    @classmethod
    def of(cls, data: Mapping[str, Any]) -> Survey:
        """Read what :meth:`as_dict` wrote."""
        addresses = tuple((str(interface), str(address)) for interface, address in data["addresses"])
        listening = tuple((str(address), int(port)) for address, port in data["listening"])
        names = {key: tuple(str(name) for name in data[key]) for key in ("present", "packages")}
        return cls(**{**data, "addresses": addresses, "listening": listening, **names})


def question(*, containers: bool) -> str:
    """Return the question; with ``containers`` the host's engine is asked, too."""
    return "\n".join([CLOCK, HOST, *([ENGINE] if containers else []), CLOCK])


def read(answer: str, asked: float, answered: float) -> Survey:
    """Read the answer to :func:`question`, asked and answered at these times of the controller's clock."""
    parts = _parts(answer)
    offset, doubt = _clock(parts, asked, answered)
    system, _space, version = _first(parts, "system").partition(" ")
    limits = [int(line) // 1024 for line in parts.get("limit", []) if line.isdigit() and int(line) < NO_LIMIT]
    memory_kb = min([int(_first(parts, "memory")), *limits])
    return Survey(
        clock_offset=round(offset, 3),
        clock_doubt=round(doubt, 3),
        system=system,
        version=version,
        cpus=int(_first(parts, "cpus")),
        memory_mb=memory_kb // 1024,
        disk_free_mb=int(_first(parts, "disk")) // 1024,
        addresses=tuple(_address(line) for line in parts.get("addresses", [])),
        listening=tuple(sorted({_socket(line) for line in parts.get("listening", [])})),
        present=tuple(sorted(_names(parts.get("present", [])))),
        packages=tuple(parts.get("packages", [])),
        running=_running(parts.get("running", [SILENT])),
    )


def _clock(parts: Mapping[str, list[str]], asked: float, answered: float) -> tuple[float, float]:
    """Return how far the host's clock is ahead, and how wrong that may be: what the way there and back took.

    Where its time between the first look at it and the last is none that can have passed, the clock was set meanwhile,
    and only the first counts.
    """
    first, last = float(_first(parts, "clock")), float(parts["clock"][-1])
    took = last - first if 0 <= last - first <= answered - asked else 0.0
    return first + took / 2 - (asked + answered) / 2, (answered - asked - took) / 2


def _running(lines: list[str]) -> dict[str, str] | None:
    """Return image by container; the engine writes a slash before each name."""
    if SILENT in lines:
        return None
    return {name.removeprefix("/"): image for name, _space, image in (line.partition(" ") for line in lines)}


def _names(lines: list[str]) -> set[str]:
    # ls heads each directory's list with its path and a colon.
    return {line for line in lines if not line.startswith("/")} - COMMON


def _parts(answer: str) -> dict[str, list[str]]:
    parts: dict[str, list[str]] = {}
    current: list[str] = []
    for line in answer.splitlines():
        text = line.strip()
        if text.startswith("@"):
            current = parts.setdefault(text[1:], [])
        elif text:
            current.append(text)
    return parts


def _first(parts: Mapping[str, list[str]], name: str) -> str:
    lines = parts.get(name)
    if not lines:
        raise ValueError(f"the host did not tell its {name}")
    return lines[0]


def _address(text: str) -> tuple[str, str]:
    interface, _space, address = text.partition(" ")
    return interface, address.partition("/")[0]


def _socket(text: str) -> tuple[str, int]:
    address, _colon, port = text.partition(":")
    words = [bytes.fromhex(word)[::-1] for word in _words(address)]
    return str(ipaddress.ip_address(b"".join(words))), int(port, 16)


def _words(address: str) -> Iterator[str]:
    # The kernel writes an address in words of 32 bits, each in the byte order of the machine.
    for start in range(0, len(address), 8):
        yield address[start : start + 8]
