# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""PostgreSQL as an instance of Odoo and its administrator see it."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from threading import Lock
from typing import Any

from ansible_collections.erpops.estate.plugins.module_utils.clients import guard
from ansible_collections.erpops.estate.plugins.module_utils.clients.errors import (
    ClientError,
    MissingLibrary,
    NotAuthorised,
    NotTrusted,
    Refused,
    Unreachable,
)

CONNECT_SECONDS = 5
_ENVIRONMENT = Lock()


class Database:
    """A connection to one database; every statement is its own transaction."""

    def __init__(self, what: str, parameters: Mapping[str, Any]) -> None:
        try:
            import psycopg2
        except ImportError as error:
            raise MissingLibrary(
                "psycopg2", found=str(error), remedy="install the package python3-psycopg2 on this host"
            ) from error
        self._what = what
        self._error = psycopg2.Error
        try:
            self._connection = psycopg2.connect(connect_timeout=CONNECT_SECONDS, **parameters)
        except psycopg2.OperationalError as error:
            raise refusal(what, str(error)) from None
        self._connection.autocommit = True
        if not guard.are_allowed():
            self.forbid_writes()

    @classmethod
    def leader(cls, what: str, *, hosts: Sequence[str], ca_file: str, **parameters: Any) -> Database:
        """Connect to the member that takes writes, among these."""
        return cls(
            what,
            {
                "host": ",".join(hosts),
                "target_session_attrs": "read-write",
                "sslmode": "verify-full",
                "sslrootcert": ca_file,
                **parameters,
            },
        )

    @classmethod
    def service(cls, what: str, *, service_file: str, service: str, database: str) -> Database:
        """Connect as a libpq service file says, as Odoo does."""
        # libpq takes its name from the environment only (a parameter comes with version 18), which all threads share.
        with _ENVIRONMENT:
            os.environ["PGSERVICEFILE"] = service_file
            return cls(what, {"service": service, "dbname": database})

    @property
    def host(self) -> str:
        """Return the member that this connection found."""
        return str(self._connection.info.host)

    def forbid_writes(self) -> None:
        """Let the server refuse every write on this connection, from now on."""
        # Asked for while connecting, it would keep libpq from taking the leader for one that takes writes.
        self._connection.set_session(readonly=True)

    def rows(self, statement: str, *values: Any) -> list[tuple[Any, ...]]:
        """Return the rows of a query."""
        with self._asking() as cursor:
            cursor.execute(statement, values or None)
            return list(cursor.fetchall())

    def run(self, statement: str, *values: Any) -> None:
        """Run a statement that changes something and returns nothing."""
        guard.about_to_write(self._what, " ".join(statement.split()[:2]))
        with self._asking() as cursor:
            cursor.execute(statement, values or None)

    def quoted(self, identifier: str) -> str:
        """Return an identifier as SQL."""
        from psycopg2.extensions import quote_ident

        return str(quote_ident(identifier, self._connection))

    def close(self) -> None:
        """End the connection."""
        self._connection.close()

    def __enter__(self) -> Database:
        return self

    def __exit__(self, *_exception: object) -> None:
        self.close()

    @contextmanager
    def _asking(self) -> Iterator[Any]:
        try:
            with self._connection.cursor() as cursor:
                yield cursor
        except self._error as error:
            raise Refused(self._what, found=str(error).strip()) from None


def refusal(what: str, message: str) -> ClientError:
    """Return the type of error that libpq's message stands for."""
    found = " ".join(message.split())
    if "authentication failed" in found or "no pg_hba.conf entry" in found or "permission denied" in found:
        return NotAuthorised(what, expected="to be let in", found=found)
    if "certificate" in found or "SSL" in found:
        return NotTrusted(what, expected="a server whose certificate carries its address", found=found)
    return Unreachable(what, expected="a member that takes writes", found=found)
