# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One switch for a whole run of a module: while writes are off, any attempt is an error before it leaves this process.

A module throws it once, before it does anything else. Whatever changes something, on this host or by way of a daemon,
says so here first: a structure test looks for what could write and does not.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from threading import local
from typing import Any
from urllib.parse import urlsplit

from ansible_collections.erpops.estate.plugins.module_utils.clients.errors import WriteForbidden

# Methods of HTTP that change nothing.
ASKING = ("GET", "HEAD")


class _Switch:
    allowed = True


class _Asks(local):
    """Of one thread: services are asked side by side, and what one of them is let through is not the other's."""

    now = False


_asks = _Asks()


def writes(*, allowed: bool) -> None:
    """Let this process write from now on, or not: not in check mode, and never where a module only asks."""
    _Switch.allowed = allowed


def are_allowed() -> bool:
    """Return whether this thread may write."""
    return _Switch.allowed or _asks.now


def about_to_write(what: str, act: str) -> None:
    """Raise where writes are off; ``what`` is the object, ``act`` what was to be done with it. No secret in either."""
    if not are_allowed():
        raise WriteForbidden(what, expected="no write in check mode, or by a module that only asks", found=act)


@contextmanager
def asking() -> Iterator[None]:
    """Let through what looks like a write and only asks, or takes away what asking has left.

    Such as a command that reads in a container, and the session that Odoo keeps of whoever opens a page.
    """
    before, _asks.now = _asks.now, True
    try:
        yield
    finally:
        _asks.now = before


def about_to_send(what: str, method: str, url: str) -> None:
    """Raise where writes are off and the request is not one that only asks."""
    if method.upper() not in ASKING:
        about_to_write(what, f"{method.upper()} {urlsplit(url).path or url}")


def guarded(session: Any, what: str) -> None:
    """Have a session of the library ``requests`` ask before it sends anything that changes something."""
    send = session.request

    def request(method: str, url: str, **options: Any) -> Any:
        about_to_send(what, method, url)
        return send(method, url, **options)

    session.request = request
