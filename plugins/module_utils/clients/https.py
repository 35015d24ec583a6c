# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""HTTP over verified TLS, with the errors that can happen turned into types that say what to do.

The standard library alone: programs that the collection leaves on a host use it too, where there is no Ansible.
"""

from __future__ import annotations

import base64
import json
import ssl
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import HTTPException
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.request import HTTPSHandler, OpenerDirector, ProxyHandler, Request, build_opener

from ansible_collections.erpops.estate.plugins.module_utils.clients import guard
from ansible_collections.erpops.estate.plugins.module_utils.clients.errors import (
    ClientError,
    MissingFile,
    NotAuthorised,
    NotTrusted,
    Refused,
    TimedOut,
    Unreachable,
)


@dataclass(frozen=True)
class Tls:
    """Files (on the host the module runs on) that prove the server to us and, where asked, us to the server.

    Without a CA nobody is trusted, which does for plain HTTP.
    """

    ca_file: str
    cert_file: str | None = None
    key_file: str | None = None


@dataclass(frozen=True)
class Login:
    """A user of HTTP basic authentication."""

    username: str
    password: str


@dataclass(frozen=True)
class Answer:
    """What came back."""

    what: str
    status: int
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)

    def text(self) -> str:
        """Return the body as text, cut to what fits into a message."""
        return self.body.decode(errors="replace").strip()[:500]

    def json(self) -> Any:
        """Return the body as data."""
        try:
            return json.loads(self.body)
        except ValueError:
            raise Refused(self.what, expected="an answer in JSON", found=self.text() or "an empty answer") from None


def request(
    what: str,
    method: str,
    url: str,
    *,
    tls: Tls,
    data: Any = None,
    login: Login | None = None,
    headers: Mapping[str, str] | None = None,
    timeout: float = 5.0,
    accept: Collection[int] = (),
    asks: bool = False,
) -> Answer:
    """Send one request and return its answer.

    ``what`` names the object in messages; ``asks`` that the request changes nothing, whatever its method. A status of
    2xx or one of ``accept`` is an answer, any other raises. Proxies of the environment are not used: these addresses
    are the estate's own.
    """
    if not asks:
        guard.about_to_send(what, method, url)
    prepared = _prepared(method, url, data, login)
    for name, value in (headers or {}).items():
        prepared.add_unredirected_header(name, value)
    with _failures(what, url, timeout):
        try:
            with _opener(tls).open(prepared, timeout=timeout) as response:
                return Answer(what, response.status, response.read(), dict(response.headers))
        except HTTPError as error:
            answer = Answer(what, error.code, error.read(), dict(error.headers))
            if answer.status in accept:
                return answer
            raise _refusal(answer) from None


def lines(what: str, url: str, *, tls: Tls, data: Any = None, timeout: float = 30.0) -> Iterator[bytes]:
    """Post one request that only asks and yield its answer line by line, so that one of any size may come."""
    with _failures(what, url, timeout):
        try:
            with _opener(tls).open(_prepared("POST", url, data, None), timeout=timeout) as response:
                yield from response
        except HTTPError as error:
            raise _refusal(Answer(what, error.code, error.read())) from None


def _prepared(method: str, url: str, data: Any, login: Login | None) -> Request:
    body = None if data is None else json.dumps(data).encode()
    prepared = Request(url, body, {"Content-Type": "application/json"}, method=method)  # noqa: S310 - ours
    if login:
        prepared.add_unredirected_header("Authorization", _basic(login))
    return prepared


@contextmanager
def _failures(what: str, url: str, timeout: float) -> Iterator[None]:
    try:
        yield
    except (OSError, HTTPException) as error:
        raise _failure(what, url, error, timeout) from error


def _opener(tls: Tls) -> OpenerDirector:
    # Plain HTTP needs no CA either: to read the system's takes 15 ms of the processor for each request.
    plain = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context = ssl.create_default_context(cafile=tls.ca_file) if tls.ca_file else plain
    if tls.cert_file:
        context.load_cert_chain(tls.cert_file, tls.key_file)
    return build_opener(ProxyHandler({}), HTTPSHandler(context=context))


def _basic(login: Login) -> str:
    pair = f"{login.username}:{login.password}".encode()
    return f"Basic {base64.b64encode(pair).decode()}"


def _refusal(answer: Answer) -> ClientError:
    found = f"status {answer.status}: {answer.text()}"
    if answer.status in (401, 403):
        return NotAuthorised(
            answer.what,
            expected="these credentials to be accepted",
            found=found,
            remedy="compare user and password file with what the daemon was configured with",
        )
    return Refused(answer.what, expected="success", found=found)


def _failure(what: str, url: str, error: Exception, timeout: float) -> ClientError:
    cause = error.reason if isinstance(error, URLError) and isinstance(error.reason, Exception) else error
    if isinstance(cause, TimeoutError):
        return TimedOut(what, expected=f"an answer from {url} within {timeout:g} s", found="none")
    if isinstance(cause, ssl.SSLError):
        return NotTrusted(
            what,
            expected=f"a trusted TLS connection to {url}",
            found=str(cause),
            remedy="see whether the CA file is the authority of both sides, and the certificates' names and dates",
        )
    if isinstance(cause, FileNotFoundError):
        return MissingFile(what, expected=f"the certificate files for {url} on this host", found=str(cause))
    return Unreachable(
        what,
        expected=f"an answer from {url}",
        found=str(cause) or type(cause).__name__,
        remedy="see whether the daemon runs there and this host may reach the port",
    )
