# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A Redis server, over TLS and with a user of its ACL."""

from __future__ import annotations

import os
import ssl
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from ansible_collections.erpops.estate.plugins.module_utils.clients import guard
from ansible_collections.erpops.estate.plugins.module_utils.clients.errors import (
    ClientError,
    MissingLibrary,
    NotAuthorised,
    NotTrusted,
    Refused,
    TimedOut,
    Unreachable,
)

PATIENCE_SECONDS = 3


@dataclass(frozen=True)
class Access:
    """How a server is entered: the CA that vouches for it, a user of its ACL, the file that holds the password.

    ``wished`` is a password that may be on its way in; it is tried first.
    """

    ca_file: str
    user: str
    password_file: str
    wished: str = ""

    def passwords(self) -> tuple[str, ...]:
        """Return the passwords to try in turn; the file is read when it is needed, it may just have been written."""
        try:
            with open(self.password_file, encoding="utf-8") as stream:
                kept = stream.read().strip()
        except FileNotFoundError:
            kept = ""
        return tuple(dict.fromkeys(password for password in (self.wished, kept) if password))


class RedisClient:
    """One server; every method raises a :class:`ClientError` that names it. No password is in any of them."""

    service = "Redis"

    def __init__(self, address: str, port: int, access: Access) -> None:
        try:
            import redis
        except ImportError as error:
            raise MissingLibrary(
                "the Redis client for Python", found=str(error), remedy="install the package python3-redis on this host"
            ) from error
        self.address = address
        self.port = port
        self._redis = redis
        self._access = access
        self._connection: Any = None

    @property
    def name(self) -> str:
        """Return how messages call this server."""
        return f"{self.service} at {self.address}:{self.port}"

    def ask(self, *words: str | int) -> Any:
        """Run one command and return the answer as the protocol gives it."""
        if self._connection is None:
            self._connection = self._connect()
        return self._run(self._connection, words)

    def tell(self, *words: str | int) -> Any:
        """Run one command that changes something."""
        guard.about_to_write(self.name, " ".join(map(str, words[:2])))
        return self.ask(*words)

    def _connect(self) -> Any:
        self._trust_nobody_else()
        trouble: ClientError | None = None
        for password in self._access.passwords():
            connection = self._redis.Redis(
                host=self.address,
                port=self.port,
                username=self._access.user,
                password=password,
                ssl=True,
                ssl_ca_certs=self._access.ca_file,
                ssl_check_hostname=True,
                socket_timeout=PATIENCE_SECONDS,
                socket_connect_timeout=PATIENCE_SECONDS,
                decode_responses=True,
            )
            # The library reshapes answers differently from version to version; plain ones stay the same.
            connection.response_callbacks.clear()
            try:
                self._run(connection, ("PING",))
            except NotAuthorised as error:
                trouble = error
                continue
            return connection
        raise trouble or NotAuthorised(self.name, expected=f"a password in {self._access.password_file}", found="none")

    def _trust_nobody_else(self) -> None:
        """Keep the library from the system's CAs, which it takes beside the estate's and reads for each connection."""
        # As OpenSSL is told where they are; a tenth of a second of processor time each.
        os.environ.update(SSL_CERT_FILE=self._access.ca_file, SSL_CERT_DIR="/nonexistent")

    def _run(self, connection: Any, words: tuple[str | int, ...]) -> Any:
        errors = self._redis.exceptions
        what = f"{words[0]} of {self.name}"
        try:
            return connection.execute_command(*words)
        except (errors.AuthenticationError, errors.NoPermissionError) as error:
            raise NotAuthorised(what, expected=f"user {self._access.user} to be let in", found=str(error)) from error
        except errors.TimeoutError as error:
            raise TimedOut(what, expected=f"an answer within {PATIENCE_SECONDS} s", found=str(error)) from error
        except errors.ConnectionError as error:
            # WRONGPASS came under different classes in the library's versions.
            if "WRONGPASS" in str(error):
                raise NotAuthorised(what, found="WRONGPASS") from error
            if "CERTIFICATE_VERIFY_FAILED" in str(error) or "doesn't match" in str(error):
                raise NotTrusted(
                    what, expected=f"a certificate signed by {self._access.ca_file}", found=str(error)
                ) from error
            raise Unreachable(what, found=str(error)) from error
        except errors.ResponseError as error:
            if "WRONGPASS" in str(error):
                raise NotAuthorised(what, found="WRONGPASS") from error
            raise Refused(what, found=str(error)) from error

    def info(self) -> dict[str, str]:
        """Return the server's view of itself."""
        return parse_info(str(self.ask("INFO")))

    def settings(self) -> dict[str, str]:
        """Return every setting of the running server."""
        return pairs(self.ask("CONFIG", "GET", "*"))

    def set(self, values: Mapping[str, str]) -> None:
        """Change settings of the running server, all or none."""
        self.tell("CONFIG", "SET", *(word for pair in values.items() for word in pair))

    def save_settings(self) -> None:
        """Have the server write its settings to its file."""
        self.tell("CONFIG", "REWRITE")

    def follow(self, address: str, port: int) -> None:
        """Make the server a replica of another; its file says so too, or it would be a master again after a restart."""
        self.tell("REPLICAOF", address, port)
        self.save_settings()

    def hold_writes(self, milliseconds: int) -> None:
        """Let clients that write wait; reading and replication go on. It ends by itself after that time."""
        self.tell("CLIENT", "PAUSE", milliseconds, "WRITE")

    def release_writes(self) -> None:
        """Let clients that wait go on."""
        self.tell("CLIENT", "UNPAUSE")

    def lead(self) -> None:
        """Make the server a master."""
        self.tell("REPLICAOF", "NO", "ONE")

    def users(self) -> dict[str, str]:
        """Return the rules of every user by name, as the server writes them."""
        lines = [str(line).split(" ", 2) for line in self.ask("ACL", "LIST")]
        return {name: rules for _word, name, rules in lines}

    def set_user(self, name: str, rules: Iterable[str]) -> None:
        """Create or replace a user; connections of the user stay."""
        self.tell("ACL", "SETUSER", name, "reset", *rules)

    def remove_users(self, names: Iterable[str]) -> None:
        """Remove users and close their connections."""
        self.tell("ACL", "DELUSER", *names)

    def certificate(self) -> str:
        """Return the certificate that the running server presents, in PEM, whoever signed it."""
        try:
            return ssl.get_server_certificate((self.address, self.port), timeout=PATIENCE_SECONDS)
        except OSError as error:
            raise Unreachable(f"TLS of {self.name}", found=str(error)) from error


def parse_info(text: str) -> dict[str, str]:
    """Return the fields of an INFO answer by name."""
    fields = (line.split(":", 1) for line in text.splitlines() if line and not line.startswith("#") and ":" in line)
    return {name: value.strip() for name, value in fields}


def pairs(answer: Any) -> dict[str, str]:
    """Return an answer of names and values as a dictionary; version 2 of the protocol gives them flat."""
    if isinstance(answer, Mapping):
        return {str(name): str(value) for name, value in answer.items()}
    values = [str(value) for value in answer]
    return dict(zip(values[::2], values[1::2], strict=True))
