# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Knows of each request what it committed, and tells a lost connection from other errors.

Odoo fails a request whose connection is lost: of the errors that its own ``retrying`` meets, that is not one. Worse, it
leaves out the COMMIT on such a connection, and takes that for success when code has hidden the error.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from typing import Any

import psycopg2
from odoo import sql_db
from odoo.addons.erpops_session_redis.retrying import retry
from odoo.modules.registry import Registry
from odoo.service import model
from psycopg2.errors import ReadOnlySqlTransaction
from psycopg2.extensions import TRANSACTION_STATUS_INTRANS
from werkzeug.exceptions import ServiceUnavailable

from .attempt import Attempt, Refusal, lost

_logger = logging.getLogger(__name__)

# A planned change of the leader takes a second or three; workers are too few to be kept waiting for much longer.
WAIT_SECONDS = 10
# How often each of them asks for the leader: what passes until the next time, users wait for nothing.
LONGEST_PAUSE = 0.2
RETRY_AFTER_SECONDS = 5

# The run of the request that is served now. Not kept with Odoo's request, which it hides from what RPC calls.
ATTEMPT: ContextVar[Attempt | None] = ContextVar("attempt", default=None)

# The driver's own word for a connection that was not closed by this side.
_BROKEN = 2

_commit = psycopg2.extensions.connection.commit
_retrying = model.retrying
_signal_changes = Registry.signal_changes


class Interrupted(Exception):
    """The connection to the database was lost while a request was served."""

    # Odoo would have the application draw a page about it, over that very connection.
    error_response = ServiceUnavailable("The database changes its leader.", retry_after=RETRY_AFTER_SECONDS)


def waiting(work: Callable[[], Any], no_leader: Callable[[Exception], bool]) -> Any:
    """Return what the work returns, which is done as soon as there is a leader."""
    return retry(
        work, no_leader, within=WAIT_SECONDS, clock=time.monotonic, sleep=time.sleep, longest_pause=LONGEST_PAUSE
    )


def interrupted(error: Exception) -> bool:
    """Return whether a lost connection led to this error."""
    return isinstance(error, Interrupted) or lost(_refusals(error))


def retrying(func: Callable[[], Any], env: Any) -> Any:
    """Do as Odoo does, and raise ``Interrupted`` for a lost connection, whatever was made of it on its way."""
    attempt = ATTEMPT.get()
    connection = getattr(env.cr, "_cnx", None)
    reads = bool(getattr(connection, "readonly", False))
    if attempt is not None:
        attempt.connections.append(connection)
    try:
        result = _retrying(func, env)
    except Interrupted:
        raise
    except Exception as error:
        broken = _broken(connection)
        if attempt is None or not (broken or interrupted(error)):
            raise
        if reads and isinstance(error, ReadOnlySqlTransaction):
            raise  # Odoo itself goes on with a cursor that may write
        if broken and not attempt.unanswered:
            _rolled_back(env.cr)
        raise Interrupted(why(error)) from error
    if _broken(connection):
        raise Interrupted("the connection was lost, and the code that met the error went on")
    return result


def commit(connection: Any) -> None:
    """Commit as the driver does, and note for the request what is known of it."""
    attempt = ATTEMPT.get()
    transaction = None
    if attempt is not None and connection in attempt.connections:
        transaction = _transaction(connection)
    if attempt is None or transaction is None:
        _commit(connection)
        return
    try:
        _commit(connection)
    except psycopg2.Error:
        if connection.closed:
            attempt.unanswered = transaction
        raise
    attempt.committed = True


def signal_changes(registry: Any) -> None:
    """Tell the other processes what changed. It is committed, so its request may not fail for want of a leader now."""
    waiting(lambda: _signal_changes(registry), interrupted)


def why(error: BaseException) -> str:
    """Return the error on one line."""
    return " ".join(f"{type(error).__name__}: {error}".split())


def _broken(connection: Any) -> bool:
    return bool(getattr(connection, "closed", 0) == _BROKEN)


def _transaction(connection: Any) -> str | None:
    """Return the name of the transaction that a COMMIT would end; None when it wrote nothing."""
    if connection.closed or connection.get_transaction_status() != TRANSACTION_STATUS_INTRANS:
        return None
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_current_xact_id_if_assigned()::text")
        found: str | None = cursor.fetchone()[0]
    return found


def _rolled_back(cursor: Any) -> None:
    """Run what waits for the end of a transaction that the server has rolled back: Odoo cannot, on this connection."""
    cursor.postcommit.clear()
    try:
        cursor.postrollback.run()
    except Exception:
        _logger.exception("what was to be done after the rollback failed")


def _refusals(error: BaseException | None) -> Iterator[Refusal]:
    """Yield the driver's errors among those that led to this one."""
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        if isinstance(error, psycopg2.Error):
            # Of a connection that ended while nobody used it, the driver says so when it is taken from the pool, and
            # calls it nothing but an error of the database.
            operational = isinstance(error, psycopg2.OperationalError) or type(error) is psycopg2.DatabaseError
            yield Refusal(operational, error.pgcode)
        error = error.__cause__ or error.__context__


model.retrying = retrying
sql_db.PsycoConnection.commit = commit
Registry.signal_changes = signal_changes
