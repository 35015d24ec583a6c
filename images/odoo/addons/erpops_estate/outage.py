# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A request that finds no writable database waits for one, and never costs its user the login.

While PostgreSQL has no leader Odoo itself logs the session out and goes on without a database, so that a
failover of seconds sends everybody back to the login page. Nothing of a request has been carried out when its
cursor cannot be opened, so trying again is safe. What had begun by then is for ``again``.
"""

from __future__ import annotations

from typing import Any

import psycopg2
from odoo import http
from werkzeug.exceptions import ServiceUnavailable

from . import again, commits

# Asked by the edge every few seconds; it speaks for this process, not for the database behind all of them.
HEALTH_PATH = "/web/health"

_serve_db = http.Request._serve_db


def lost_database(error: Exception) -> bool:
    """Return whether the request found no database that takes writes, rather than one that is broken."""
    return isinstance(error, http.RegistryError) and isinstance(error.__cause__, psycopg2.OperationalError)


def serve_db(request: Any) -> Any:
    """Serve the request, waiting for a leader where there is none; 503 when none comes."""
    if request.httprequest.path == HEALTH_PATH:
        # A request that still names a database is dispatched through its registry, which was not loaded.
        request.db = None
        return request._serve_nodb()
    return again.serve(request, _wait_and_serve)


def _wait_and_serve(request: Any) -> Any:
    try:
        return commits.waiting(lambda: _serve_db(request), lost_database)
    except http.RegistryError as error:
        if not lost_database(error):
            raise
        raise ServiceUnavailable("The database changes its leader.", retry_after=commits.RETRY_AFTER_SECONDS) from error


http.Request._serve_db = serve_db
