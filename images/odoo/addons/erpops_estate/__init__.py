# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the estate adds to Odoo's server: list this add-on in ``server_wide_modules``.

A container that is about to be replaced says so on its health page (``controllers``). A request that comes while
PostgreSQL changes its leader waits instead of losing its login (``outage``).

With ``gevent_port = 0`` no process for websockets is started: containers for scheduled actions and jobs serve
nobody's browser, and the process costs each of them some 100 MB and sixteen connections.
"""

from __future__ import annotations

from typing import Any

from odoo.service import server
from odoo.tools import config

from . import controllers, outage

__all__ = ["controllers", "outage"]

_long_polling_spawn = server.PreforkServer.long_polling_spawn


def long_polling_spawn(prefork: Any) -> None:
    """Start the process for websockets, where one has a port."""
    if config["gevent_port"]:
        _long_polling_spawn(prefork)


server.PreforkServer.long_polling_spawn = long_polling_spawn
