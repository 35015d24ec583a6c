# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Odoo as programs and people use it: JSON-2 with an API key, and the web session of somebody who logs in.

Nothing is ever sent twice: a request without an answer may have been carried out.
"""

from __future__ import annotations

import json
import re
import socket
import ssl
from collections.abc import Mapping
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from http.cookies import SimpleCookie
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

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
from ansible_collections.erpops.estate.plugins.module_utils.clients.https import Answer

TIMEOUT_SECONDS = 30.0
CSRF = re.compile(r'name="csrf_token"\s+value="([^"]+)"')
# What is called where nothing may be written, too.
READING = frozenset({"context_get", "fields_get", "has_group", "read", "search", "search_count", "search_read"})


class Route:
    """A kept-alive connection to Odoo: to a container, or to an edge under the name that users dial."""

    def __init__(
        self,
        what: str,
        address: str,
        port: int,
        *,
        host: str = "",
        ca_file: str = "",
        timeout: float = TIMEOUT_SECONDS,
    ) -> None:
        self.what = what
        self._host = host
        self._where = f"{address}:{port}"
        self._timeout = timeout
        self._connection = (
            _Through(host, address, port, _context(what, ca_file), timeout)
            if ca_file
            else HTTPConnection(address, port, timeout=timeout)
        )

    def send(
        self, method: str, path: str, body: bytes | None = None, headers: Mapping[str, str] | None = None
    ) -> tuple[Answer, list[str]]:
        """Return the answer and the cookies that it sets."""
        sent = {**({"Host": self._host} if self._host else {}), **(headers or {})}
        try:
            self._connection.request(method, path, body, sent)
            response = self._connection.getresponse()
            cookies = response.headers.get_all("Set-Cookie") or []
            return Answer(f"{method} {path} of {self.what}", response.status, response.read()), cookies
        except (OSError, HTTPException) as error:
            self._connection.close()
            raise self._failure(error) from error

    def connect(self) -> None:
        """Open the connection and ask nothing."""
        try:
            self._connection.connect()
        except (OSError, HTTPException) as error:
            self._connection.close()
            raise self._failure(error) from error

    def close(self) -> None:
        """End the connection."""
        self._connection.close()

    def _failure(self, error: Exception) -> ClientError:
        if isinstance(error, TimeoutError):
            return TimedOut(
                self.what, expected=f"an answer from {self._where} within {self._timeout:g} s", found="none"
            )
        if isinstance(error, ssl.SSLError):
            return NotTrusted(self.what, expected=f"a certificate for {self._host} at {self._where}", found=str(error))
        return Unreachable(
            self.what, expected=f"an answer from {self._where}", found=str(error) or type(error).__name__
        )


class Json2:
    """Odoo's JSON-2 with an API key. Whatever is not known to read counts as writing."""

    def __init__(self, route: Route, database: str, key: str) -> None:
        self._route = route
        self._headers = {
            "Authorization": f"bearer {key}",
            "Content-Type": "application/json",
            "X-Odoo-Database": database,
        }

    def call(self, model: str, method: str, **arguments: Any) -> Any:
        """Call a method by keyword; ``ids`` names the records."""
        what = f"{model}.{method} of {self._route.what}"
        if method not in READING:
            guard.about_to_write(what, "a call that may write")
        answer, _cookies = self._route.send(
            "POST", f"/json/2/{model}/{method}", json.dumps(arguments).encode(), self._headers
        )
        if answer.status in (401, 403):
            raise NotAuthorised(
                what,
                expected="an API key that may do this",
                found=_said(answer),
                remedy="renew the key with erpops.estate.odoo_api_key, for an administrator",
            )
        if answer.status != 200:
            raise Refused(what, found=_said(answer))
        return answer.json()

    def find(self, model: str, domain: list[Any], fields: list[str], **more: Any) -> list[dict[str, Any]]:
        """Return fields of the records that match."""
        return list(self.call(model, "search_read", domain=domain, fields=fields, **more))

    def create(self, model: str, **values: Any) -> int:
        """Create one record and return its id."""
        return int(self.call(model, "create", vals_list=[values])[0])


class Session:
    """Somebody at a browser."""

    def __init__(self, route: Route, cookies: Mapping[str, str] | None = None) -> None:
        self._route = route
        self._cookies = dict(cookies or {})
        # Every session id it was ever given.
        self.ids: set[str] = set()

    def through(self, route: Route) -> Session:
        """Return the same somebody on another way."""
        return Session(route, self._cookies)

    def log_in(self, login: str, password: str) -> None:
        """Log in by the form, as people do."""
        page = self._send("GET", "/web/login")
        token = CSRF.search(page.body.decode(errors="replace"))
        if not token:
            raise Refused(page.what, expected="the form to log in", found=f"status {page.status}: {page.text()}")
        form = {"login": login, "password": password, "csrf_token": token[1], "redirect": "/odoo"}
        answer = self._send("POST", "/web/login", urlencode(form).encode(), "application/x-www-form-urlencoded")
        if answer.status != 303:
            raise NotAuthorised(
                answer.what, expected=f"{login} to be let in", found=f"status {answer.status}, the form again"
            )

    def log_out(self) -> None:
        """End the session, so that nothing of it stays."""
        self._send("GET", "/web/session/logout")

    def get(self, path: str) -> Answer:
        """Return a page."""
        answer = self._send("GET", path)
        if answer.status != 200:
            raise Refused(answer.what, expected="a page", found=f"status {answer.status}")
        return answer

    def call(self, model: str, method: str, args: list[Any], **kwargs: Any) -> Any:
        """Call a method as Odoo's own pages do."""
        params = {"model": model, "method": method, "args": args, "kwargs": kwargs}
        body = json.dumps({"jsonrpc": "2.0", "method": "call", "params": params}).encode()
        answer = self._send("POST", f"/web/dataset/call_kw/{model}/{method}", body, "application/json")
        if answer.status != 200:
            raise Refused(answer.what, expected="success", found=f"status {answer.status}: {answer.text()}")
        found = answer.json()
        if "error" in found:
            data = found["error"].get("data") or {}
            raise Refused(answer.what, expected="success", found=f"{data.get('name', '')}: {data.get('message', '')}")
        return found.get("result")

    def _send(self, method: str, path: str, body: bytes | None = None, kind: str = "") -> Answer:
        guard.about_to_send(f"a session at {self._route.what}", method, path)
        headers = {"Cookie": "; ".join(f"{name}={value}" for name, value in self._cookies.items())}
        if kind:
            headers["Content-Type"] = kind
        answer, cookies = self._route.send(method, path, body, {name: text for name, text in headers.items() if text})
        for line in cookies:
            self._cookies |= {name: morsel.value for name, morsel in SimpleCookie(line).items()}
        self.ids |= {self._cookies["session_id"]} if "session_id" in self._cookies else set()
        return answer


class _Through(HTTPSConnection):
    """Connects to one address and verifies the certificate for the name that users dial."""

    def __init__(self, host: str, address: str, port: int, context: ssl.SSLContext, timeout: float) -> None:
        super().__init__(host, port, context=context, timeout=timeout)
        self._address = address
        self._tls = context

    def connect(self) -> None:
        """Connect to the address."""
        plain = socket.create_connection((self._address, self.port), self.timeout)
        self.sock = self._tls.wrap_socket(plain, server_hostname=self.host)


def key_in(path: str) -> str:
    """Return the API key in a file."""
    try:
        return Path(path).read_text(encoding="utf-8").strip()
    except OSError as error:
        raise MissingFile(
            "API key",
            expected=f"a file {path} on this host",
            found=str(error.strerror),
            remedy="have one made by erpops.estate.odoo_api_key",
        ) from None


def _context(what: str, ca_file: str) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=ca_file)
    except OSError as error:
        raise MissingFile(what, expected=f"the authority's certificates in {ca_file}", found=str(error)) from None


def _said(answer: Answer) -> str:
    """Return what Odoo says of an error, without the trace of its own code."""
    try:
        body = json.loads(answer.body)
        return f"status {answer.status}, {body['name']}: {body['message']}"
    except (ValueError, KeyError, TypeError):
        return f"status {answer.status}: {answer.text()}"
