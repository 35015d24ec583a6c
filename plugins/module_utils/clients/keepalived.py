# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""keepalived on this host: its state by its own dump, and the lever by which it gives the address up."""

from __future__ import annotations

import json
import os
import shlex
import socket
import struct
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from ansible_collections.erpops.estate.plugins.module_utils.clients import guard
from ansible_collections.erpops.estate.plugins.module_utils.clients.errors import Refused, TimedOut, Unreachable

PID_FILE = "/run/keepalived.pid"
DUMP_SECONDS = 3.0
ARP_SECONDS = 0.3
# Longer than any move takes. Then it is over, whoever began it.
STAY_SECONDS = 15
SYSTEMD_SECONDS = 20
ARP, IPV4, ETHERNET, REQUEST = 0x0806, 0x0800, 1, 1
BROADCAST = b"\xff" * 6


def interface_with(address: str) -> str:
    """Return the interface on which this host answers for the address now, "" when it does not.

    On the loopback every edge has it all the time, in the scope of the host; that is not looked at.
    """
    told = _told("ip", "-oneline", "-4", "address", "show", "scope", "global", "to", f"{address}/32")
    return told.split()[1] if told else ""


def answered_elsewhere(address: str, interface: str) -> bool:
    """Return whether another host answers for the address on the interface's network; needs root.

    No connection can tell: one that is made on an edge ends there, as the address is on its loopback.
    """
    wanted = socket.inet_aton(address)
    deadline = time.monotonic() + ARP_SECONDS
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ARP)) as wire:
        wire.bind((interface, ARP))
        own = wire.getsockname()[4]
        # A question without an address of who asks changes nobody's table.
        question = struct.pack("!HHBBH6s4s6s4s", ETHERNET, IPV4, 6, 4, REQUEST, own, bytes(4), bytes(6), wanted)
        wire.send(BROADCAST + own + struct.pack("!H", ARP) + question)
        while (left := deadline - time.monotonic()) > 0:
            wire.settimeout(left)
            try:
                frame = wire.recv(64)
            except TimeoutError:
                break
            if frame[22:28] != own and frame[28:32] == wanted:
                return True
    return False


def on_loopback(address: str) -> bool:
    """Return whether the loopback has the address, so that connections made to it live on when it moves away."""
    return bool(_told("ip", "-oneline", "-4", "address", "show", "dev", "lo", "to", f"{address}/32"))


def has_table(name: str) -> bool:
    """Return whether the kernel has an nftables table of this name for IPv4; needs root."""
    return bool(_told("nft", "list", "table", "ip", name))


def interface_setting(interface: str, name: str) -> int:
    """Return one of the kernel's IPv4 settings of an interface; 0 where there is no such interface."""
    try:
        with open(f"/proc/sys/net/ipv4/conf/{interface}/{name}", encoding="ascii") as stream:
            return int(stream.read())
    except FileNotFoundError:
        return 0


class KeepalivedClient:
    """The daemon of this host; needs root, as the daemon's dump does."""

    def __init__(self, pid_file: str = PID_FILE) -> None:
        self._pid_file = pid_file

    def instances(self) -> list[dict[str, Any]]:
        """Return the VRRP instances as the running process has them now."""
        pid = self._pid()
        # As the process itself sees /tmp, whatever its unit says about private directories.
        path = f"/proc/{pid}/root/tmp/keepalived.json"
        before = _written_at(path)
        try:
            number = subprocess.run(
                ["keepalived", "--signum=JSON"], capture_output=True, text=True, check=True, timeout=DUMP_SECONDS
            ).stdout
            os.kill(pid, int(number))
        except (OSError, ValueError, subprocess.SubprocessError) as error:
            raise Unreachable(
                "keepalived", expected="a running process with JSON support", found=str(error), remedy=_REMEDY
            ) from error
        deadline = time.monotonic() + DUMP_SECONDS
        while time.monotonic() < deadline:
            time.sleep(0.05)
            if _written_at(path) != before and (found := _read(path)) is not None:
                return [dict(entry["data"]) for entry in found]
        raise TimedOut("keepalived", expected=f"its dump within {DUMP_SECONDS:.0f} s", found="none", remedy=_REMEDY)

    def _pid(self) -> int:
        try:
            with open(self._pid_file, encoding="ascii") as stream:
                return int(stream.read())
        except (OSError, ValueError) as error:
            raise Unreachable(
                "keepalived", expected="a running process", found=f"{self._pid_file}: {error}", remedy=_REMEDY
            ) from error


_REMEDY = "see systemctl status keepalived on this host"


@contextmanager
def lever_pulled(path: str) -> Iterator[None]:
    """Make keepalived's tracked file say "leave" while the block runs; then say "stay", whatever happened."""
    with ended_by_itself(path):
        try:
            _say(path, "1")
            yield
        finally:
            _say(path, "0")


@contextmanager
def ended_by_itself(path: str) -> Iterator[None]:
    """Have systemd say "stay" in a while, unless the block ends before: who is killed cannot say it any more."""
    guard.about_to_write(path, "a timer that ends the move")
    # Nobody waits for what an earlier process has left, so each has a unit of its own.
    unit = f"erpops-edge-stay-{os.getpid()}-{time.monotonic_ns()}"
    when = [f"--unit={unit}", f"--on-active={STAY_SECONDS}", "--timer-property=AccuracySec=1s"]
    say = ["/bin/sh", "-c", f"echo 0 > {shlex.quote(path)}"]
    try:
        subprocess.run(
            ["systemd-run", "--quiet", "--collect", *when, *say],
            capture_output=True,
            text=True,
            check=True,
            timeout=SYSTEMD_SECONDS,
        )
    except (OSError, subprocess.SubprocessError) as error:
        raise Refused(
            "move of the virtual address",
            expected="systemd to end it should this run die",
            found=str(getattr(error, "stderr", "") or error).strip(),
            remedy="nothing was moved; see systemctl status on this host",
        ) from error
    try:
        yield
    finally:
        subprocess.run(["systemctl", "stop", f"{unit}.timer"], capture_output=True, check=False)


def lever_left(path: str) -> float:
    """Return for how many seconds the tracked file has said "leave", 0 where it does not."""
    try:
        with open(path, encoding="ascii") as stream:
            said, since = stream.read().strip(), os.fstat(stream.fileno()).st_mtime
    except FileNotFoundError:
        return 0.0
    return max(0.1, time.time() - since) if said not in ("", "0") else 0.0


def let_go(path: str) -> None:
    """Make the tracked file say "stay"."""
    _say(path, "0")


def wait_until(condition: Callable[[], bool], seconds: float) -> bool:
    """Return whether the condition came true in time."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() >= deadline:
            return False
        time.sleep(0.1)
    return True


def _say(path: str, value: str) -> None:
    guard.about_to_write(path, f"the lever set to {value}")
    # Written in place: keepalived follows this very file.
    with open(path, "w", encoding="ascii") as stream:
        stream.write(value + "\n")


def _written_at(path: str) -> int:
    try:
        return os.stat(path).st_mtime_ns
    except FileNotFoundError:
        return 0


def _read(path: str) -> list[dict[str, Any]] | None:
    """Return the dump, or None while it is being written."""
    try:
        with open(path, encoding="utf-8") as stream:
            return list(json.load(stream))
    except (OSError, ValueError):
        return None


def _told(*command: str) -> str:
    """Return what a program of this host says; nothing where it refuses."""
    try:
        return subprocess.run(command, capture_output=True, text=True, check=False, timeout=DUMP_SECONDS).stdout.strip()
    except (OSError, subprocess.SubprocessError) as error:
        raise Unreachable(command[0], expected="an answer", found=str(error), remedy=_REMEDY) from error
