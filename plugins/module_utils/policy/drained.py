# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Servers taken out of an edge's dynamic file, in the file itself: a drained server is a comment in its own place.

So there is one file and no second account of what is drained. Traefik does not read comments; whoever writes the file
anew carries them over, and a file that is lost drains nobody.
"""

from __future__ import annotations

import re
from collections.abc import Collection

SERVER = re.compile(r"^(?P<indent> *)- url: (?P<url>\S+)$")
URL = re.compile(r"https?://(?P<address>[^/:]+):(?P<port>\d+)")
DRAINED = re.compile(r"^(?P<indent> *)# drained: (?P<url>\S+)$")


def drained(text: str) -> frozenset[str]:
    """Return the URLs that are drained."""
    return frozenset(_urls(text, DRAINED))


def address_of(url: str) -> str:
    """Return the address of the host that serves the URL."""
    match = URL.match(url)
    return match["address"] if match else ""


def port_of(url: str) -> int:
    """Return the port of the URL."""
    match = URL.match(url)
    return int(match["port"]) if match else 0


def without(text: str, address: str) -> str:
    """Return the file with every URL of that address drained."""
    return _with(text, drained(text) | {url for url in _urls(text, SERVER) if address_of(url) == address})


def back(text: str, address: str) -> str:
    """Return the file with every URL of that address in service."""
    return _with(text, {url for url in drained(text) if address_of(url) != address})


def carried_over(text: str, found: str) -> str:
    """Return the file as it should be, with drained what was drained in the file that was found."""
    return _with(text, drained(found))


def _urls(text: str, line: re.Pattern[str]) -> list[str]:
    matches = map(line.match, text.splitlines())
    return [match["url"] for match in matches if match]


def _with(text: str, urls: Collection[str]) -> str:
    return "".join(_line(line, urls) for line in text.splitlines(keepends=True))


def _line(line: str, urls: Collection[str]) -> str:
    match = SERVER.match(line) or DRAINED.match(line)
    if not match:
        return line
    word = "# drained:" if match["url"] in urls else "- url:"
    return f"{match['indent']}{word} {match['url']}\n"
