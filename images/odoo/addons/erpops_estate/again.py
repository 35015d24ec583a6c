# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A request whose connection to PostgreSQL is lost before it sent a COMMIT is run again, as if it had just come.

When COMMIT was sent and its answer never came, nobody here knows what became of it: that request is never run again,
its client is told so, and a line is kept by which it can be found.
"""

from __future__ import annotations

import json
import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import Any

from odoo import http, sql_db
from odoo.exceptions import UserError
from odoo.tools import config
from werkzeug.exceptions import HTTPException, ServiceUnavailable

from .attempt import Attempt, Outcome, may_run_again
from .commits import ATTEMPT, RETRY_AFTER_SECONDS, interrupted, why
from .settings import run_once

_logger = logging.getLogger(__name__)

# In the directory that the host shares with the container: one line for each request whose outcome is not known.
UNKNOWN = Path(config["data_dir"]) / "unknown_requests.jsonl"

_RUN_ONCE = run_once(config["config"])


def serve(request: Any, serve_once: Callable[[Any], Any]) -> Any:
    """Serve the request; once more when its connection was lost before anything was done."""
    arrived = request.httprequest
    began = time.monotonic()
    for runs in count(1):
        try:
            with _run(request if runs == 1 else http.Request(arrived)) as current:
                return serve_once(current)
        except HTTPException:
            raise  # an answer, also that nobody came to lead
        except Exception as error:
            outcome = current.attempt.outcome(interrupted(error))
            if outcome is None:
                raise
            if outcome is not Outcome.NOTHING_DONE:
                return _unknown(current, outcome)
            seconds = time.monotonic() - began
            if not may_run_again(arrived.path, runs, seconds, _RUN_ONCE) or not _rewound(arrived):
                raise ServiceUnavailable(
                    "The database changed its leader. Nothing was done.", retry_after=RETRY_AFTER_SECONDS
                ) from error
            _logger.warning("request is run again: %s %s (%s)", arrived.method, arrived.path, why(error))
            _forget_idle()
    raise AssertionError("unreachable")


@contextmanager
def _run(request: Any) -> Iterator[Any]:
    """Make this request the one that is served, with its session as the store has it."""
    request.attempt = Attempt()
    before = ATTEMPT.set(request.attempt)
    try:
        if request._post_init is None:  # by Odoo, for the first run
            yield request
            return
        # In its place, not above it: what RPC calls is to find no request at all, and Odoo takes away only one.
        arrived = http._request_stack.pop()
        http._request_stack.push(request)
        try:
            request._post_init()
            yield request
        finally:
            http._request_stack.pop()
            http._request_stack.push(arrived)
    finally:
        ATTEMPT.reset(before)


def _rewound(httprequest: Any) -> bool:
    """Let what was uploaded be read from its beginning again. Everything else of a body is kept by werkzeug."""
    files = [file for _name, file in httprequest.files.items(multi=True)]
    if not all(file.seekable() for file in files):
        return False
    for file in files:
        file.seek(0)
    return True


def _forget_idle() -> None:
    """Close the connections that nobody uses: they lead to where the leader was, and each may take long to say so."""
    pool = sql_db._Pool
    if pool is None:
        return
    with pool._lock:
        for connection in [each for each in pool._connections if not each._pool_in_use]:
            pool._connections.remove(connection)
            connection.close()


def _unknown(request: Any, outcome: Outcome) -> Any:
    """Keep a line of the request and return the answer: no 503, which says that it may be sent again."""
    asked = request.httprequest
    line = json.dumps(
        {
            "at": datetime.now(UTC).isoformat(timespec="milliseconds"),
            "outcome": outcome.value,
            "transaction": request.attempt.unanswered,
            "method": asked.method,
            "path": asked.path,
            "database": request.db,
            "user": getattr(threading.current_thread(), "uid", None),  # as Odoo notes it: the key's, too
            "client": asked.remote_addr,
        }
    )
    _logger.error("request outcome unknown: %s", line)
    try:
        with UNKNOWN.open("a", encoding="utf-8") as lines:
            lines.write(line + "\n")
    except OSError as error:
        _logger.error("%s: not written: %s", UNKNOWN, error)
    told = UserError(
        "The connection to the database was lost while your change was being saved. "
        "It may have been saved or not: look before you do it again."
    )
    told.http_status = 504
    response = request.dispatcher.handle_error(told)
    if isinstance(response, HTTPException):
        response = response.get_response()
    response.status_code = 504
    response.headers["Erpops-Outcome"] = outcome.value
    return response
