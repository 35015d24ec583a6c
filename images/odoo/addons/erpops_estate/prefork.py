# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The process that holds the others: how many connections may wait for a worker, and which processes it starts.

Odoo lets eight connections wait for each worker; the next one is dropped and tried again by the kernel seconds later,
which the edge takes for a server that is gone. While PostgreSQL changes its leader all workers wait for it, and within
a second or two everybody else stands in that queue.

With ``gevent_port = 0`` no process for websockets is started: containers for scheduled actions and jobs serve
nobody's browser, and the process costs each of them some 100 MB and sixteen connections.

Whoever stood there for too long has gone, and may have asked again elsewhere. Odoo would do all that first, for nobody:
it read whole queues of such requests before it served anybody who waits, and wrote what their users thought lost. Where
nobody's browser is served they are begun all the same: the runner of jobs hangs up after a second on purpose, and waits
for the job itself.

Before it starts a process, Odoo looks into its databases. While nobody leads there that look fails, and Odoo ends the
whole server for it, with all requests and jobs in flight.
"""

from __future__ import annotations

import logging
from typing import Any

import psycopg2
from odoo import sql_db
from odoo.service import server
from odoo.tools import config

from .hung_up import hung_up

_logger = logging.getLogger(__name__)

# Some ten seconds of what one node of a busy company is asked for; the kernel's own bound is 4096.
WAITING_CONNECTIONS = 256

_start = server.PreforkServer.start
_process_spawn = server.PreforkServer.process_spawn
_process_request = server.WorkerHTTP.process_request


def start(prefork: Any) -> None:
    """Start as Odoo does, then let more connections wait: listening again on a socket sets its bound anew."""
    _start(prefork)
    if prefork.socket:
        prefork.socket.listen(WAITING_CONNECTIONS)


def process_spawn(prefork: Any) -> None:
    """Start what is missing, once a leader is there: Odoo comes back here every few seconds."""
    with_websockets = bool(config["gevent_port"])
    if not with_websockets:
        # Missing it, Odoo would look into the databases each time it comes here. Nobody may find this one to end it.
        prefork.long_polling_pid = prefork.pid
    try:
        _process_spawn(prefork)
    except psycopg2.OperationalError as error:
        _logger.warning("no process is started while PostgreSQL has no leader: %s", " ".join(str(error).split()))
        sql_db.close_all()
    finally:
        if not with_websockets:
            prefork.long_polling_pid = None


def process_request(worker: Any, client: Any, address: Any) -> None:
    """Serve the connection as Odoo does; close it unread when a user who opened it has gone."""
    if config["gevent_port"] and hung_up(client):
        _logger.info("request is not begun: whoever sent it is gone")
        client.close()
        return
    _process_request(worker, client, address)


server.PreforkServer.start = start
server.PreforkServer.process_spawn = process_spawn
server.WorkerHTTP.process_request = process_request
