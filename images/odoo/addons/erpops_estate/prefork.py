# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The process that holds the others: how many connections may wait for a worker, and which processes it starts.

Odoo lets eight connections wait for each worker; the next one is dropped and tried again by the kernel seconds later,
which the edge takes for a server that is gone. While PostgreSQL changes its leader all workers wait for it, and within
a second or two everybody else stands in that queue.

With ``gevent_port = 0`` no process for websockets is started: containers for scheduled actions and jobs serve
nobody's browser, and the process costs each of them some 100 MB and sixteen connections.
"""

from __future__ import annotations

from typing import Any

from odoo.service import server
from odoo.tools import config

# Some ten seconds of what one node of a busy company is asked for; the kernel's own bound is 4096.
WAITING_CONNECTIONS = 256

_start = server.PreforkServer.start
_long_polling_spawn = server.PreforkServer.long_polling_spawn


def start(prefork: Any) -> None:
    """Start as Odoo does, then let more connections wait: listening again on a socket sets its bound anew."""
    _start(prefork)
    if prefork.socket:
        prefork.socket.listen(WAITING_CONNECTIONS)


def long_polling_spawn(prefork: Any) -> None:
    """Start the process for websockets, where one has a port."""
    if config["gevent_port"]:
        _long_polling_spawn(prefork)


server.PreforkServer.start = start
server.PreforkServer.long_polling_spawn = long_polling_spawn
