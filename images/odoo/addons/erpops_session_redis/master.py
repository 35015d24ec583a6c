# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The Redis master, found through the Sentinels and found again after a failover."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, TypeVar

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from .retrying import retry
from .settings import Settings

T = TypeVar("T")

# What a master answers that has lost its replicas, its place, or is still loading: another one may take over.
PASSING_REFUSALS = ("NOREPLICAS", "READONLY", "LOADING", "MASTERDOWN", "MISCONF")


class Master:
    """One client for the process; workers that are forked get connections of their own from redis-py's pool."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._client: redis.Redis | None = None

    def run(self, work: Callable[[redis.Redis], T], within: float | None = None) -> T:
        """Return what ``work`` returns, given a client of the master; it may be run more than once."""

        def once() -> T:
            try:
                return work(self._connected())
            except redis.exceptions.RedisError as error:
                self._forget()
                # A pipeline's error begins with the command, and the command holds a session.
                error.args = (str(error).rpartition("caused error: ")[2],)
                raise

        return retry(
            once,
            _passes,
            within=self._settings.retry_seconds if within is None else within,
            clock=time.monotonic,
            sleep=time.sleep,
        )

    def _connected(self) -> redis.Redis:
        client = self._client
        if client is None:
            host, port = self._ask_sentinels()
            client = self._client = self._open(host, port)
        return client

    def _forget(self) -> None:
        client, self._client = self._client, None
        if client is not None:
            client.close()

    def _ask_sentinels(self) -> tuple[str, int]:
        name = self._settings.master_name
        answers = []
        for host, port in self._settings.sentinels:
            sentinel = self._open(host, port)
            try:
                found = sentinel.execute_command("SENTINEL GET-MASTER-ADDR-BY-NAME", name)
            except redis.exceptions.RedisError as error:
                answers.append(f"{host}:{port} {error}")
                continue
            finally:
                sentinel.close()
            if found:
                return _text(found[0]), int(found[1])
            answers.append(f"{host}:{port} does not know it")
        raise redis.exceptions.ConnectionError(f"no Sentinel names the master of {name!r}: {'; '.join(answers)}")

    def _open(self, host: str, port: int) -> redis.Redis:
        settings = self._settings
        return redis.Redis(
            host=host,
            port=port,
            username=settings.user,
            password=settings.password,
            ssl=True,
            ssl_cert_reqs="required",
            ssl_ca_certs=settings.ca_file,
            ssl_check_hostname=True,
            socket_timeout=settings.socket_timeout,
            socket_connect_timeout=settings.socket_timeout,
            socket_keepalive=True,
            health_check_interval=30,
            # The one bound on tries is ours: it asks the Sentinels anew, which redis-py's own does not.
            retry=Retry(NoBackoff(), 0),
        )


def _passes(error: Exception) -> bool:
    if isinstance(error, (redis.exceptions.AuthenticationError, redis.exceptions.AuthorizationError)):
        return False
    passing = (
        redis.exceptions.ConnectionError,
        redis.exceptions.TimeoutError,
        redis.exceptions.ReadOnlyError,
        redis.exceptions.BusyLoadingError,
    )
    return isinstance(error, passing) or str(error).startswith(PASSING_REFUSALS)


def _text(value: Any) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)
