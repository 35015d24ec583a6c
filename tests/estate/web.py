"""HTTP over verified TLS to a chosen address, under the name users dial: no hosts file is edited."""

from __future__ import annotations

import base64
import json
import os
import re
import socket
import ssl
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException, HTTPMessage, HTTPSConnection
from http.cookies import SimpleCookie
from typing import Any
from urllib.parse import urlencode

from tests.estate.world import Estate, Host, Instance

CSRF = re.compile(r'name="csrf_token"\s+value="([^"]+)"')


class NoAnswer(OSError):
    """The request may or may not have reached Odoo."""


class OdooError(AssertionError):
    """Odoo answered, and not with success."""

    def __init__(self, status: int, body: str) -> None:
        super().__init__(f"status {status}: {body[:2000]}")
        self.status = status
        self.body = body


@dataclass(frozen=True)
class Answer:
    """What came back."""

    status: int
    headers: HTTPMessage
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode(errors="replace")


class _Through(HTTPSConnection):
    """Connects to one address and verifies the certificate for another name."""

    def __init__(self, name: str, address: str, port: int, context: ssl.SSLContext, timeout: float) -> None:
        super().__init__(name, port, context=context, timeout=timeout)
        self._address = address
        self._tls = context

    def connect(self) -> None:
        plain = socket.create_connection((self._address, self.port), self.timeout)
        self.sock = self._tls.wrap_socket(plain, server_hostname=self.host)


@dataclass
class Route:
    """How requests travel: through the virtual address, or straight to one application node."""

    name: str
    address: str
    context: ssl.SSLContext | None
    port: int = 443
    timeout: float = 60.0

    @classmethod
    def virtual(cls, estate: Estate, instance: Instance, *, timeout: float = 60.0) -> Route:
        """Return the way users take."""
        return cls(instance.host_name, estate.virtual_ip, estate.tls(), timeout=timeout)

    @classmethod
    def node(cls, host: Host, instance: Instance, port: int) -> Route:
        """Return the way the edge takes to one application node."""
        return cls(instance.host_name, host.address, None, port)

    def request(
        self, method: str, path: str, body: bytes | None = None, headers: dict[str, str] | None = None
    ) -> Answer:
        """Send one request on a connection of its own; nothing is ever sent twice."""
        connection: HTTPConnection
        sent = {"Host": self.name, **(headers or {})}
        if self.context is None:
            connection = HTTPConnection(self.address, self.port, timeout=self.timeout)
        else:
            connection = _Through(self.name, self.address, self.port, self.context, self.timeout)
        try:
            connection.request(method, path, body, sent)
            response = connection.getresponse()
            return Answer(response.status, response.headers, response.read())
        except (OSError, HTTPException) as error:
            raise NoAnswer(f"{method} {path} at {self.address}: {type(error).__name__} {error}") from error
        finally:
            connection.close()


def through(route: Route) -> HTTPSConnection:
    """Return a connection by that route which its owner keeps; it is opened by the first request."""
    assert route.context is not None
    return _Through(route.name, route.address, route.port, route.context, route.timeout)


@dataclass
class Json2:
    """Odoo's JSON-2 with an API key."""

    route: Route
    database: str
    api_key: str = field(repr=False)

    def call(self, model: str, method: str, **arguments: Any) -> Any:
        """Call a method by keyword; ``ids`` names the records."""
        answer = self.route.request(
            "POST",
            f"/json/2/{model}/{method}",
            json.dumps(arguments).encode(),
            {
                "Authorization": f"bearer {self.api_key}",
                "Content-Type": "application/json",
                "X-Odoo-Database": self.database,
            },
        )
        if answer.status != 200:
            raise OdooError(answer.status, answer.text)
        return json.loads(answer.body)

    def create(self, model: str, **values: Any) -> int:
        """Create one record and return its id."""
        return int(self.call(model, "create", vals_list=[values])[0])

    def read(self, model: str, identity: int, *names: str) -> dict[str, Any]:
        """Return fields of one record."""
        found: dict[str, Any] = self.call(model, "read", ids=[identity], fields=list(names))[0]
        return found

    def find(self, model: str, domain: list[Any], *names: str, **more: Any) -> list[dict[str, Any]]:
        """Return fields of the records that match."""
        return list(self.call(model, "search_read", domain=domain, fields=list(names) or ["id"], **more))


@dataclass
class Session:
    """What a browser keeps: cookies. The same session can be carried to another route."""

    route: Route
    cookies: dict[str, str] = field(default_factory=dict)

    @property
    def session_id(self) -> str:
        return self.cookies.get("session_id", "")

    def through(self, route: Route) -> Session:
        """Return the same session on another way."""
        return Session(route, dict(self.cookies))

    def get(self, path: str) -> Answer:
        return self.send("GET", path)

    def post(self, path: str, form: dict[str, str]) -> Answer:
        return self.send("POST", path, urlencode(form).encode(), {"Content-Type": "application/x-www-form-urlencoded"})

    def login(self, login: str, password: str) -> None:
        """Log in by the form, as people do."""
        page = self.get("/web/login")
        token = CSRF.search(page.text)
        assert token, f"expected a login form, found status {page.status}: {page.text[:500]}"
        answer = self.post(
            "/web/login", {"login": login, "password": password, "csrf_token": token[1], "redirect": "/odoo"}
        )
        assert answer.status == 303, f"expected {login} to be let in (303), found status {answer.status}"

    def user(self) -> str:
        """Return the login of who is logged in, "" when nobody is."""
        body = json.dumps({"jsonrpc": "2.0", "method": "call", "params": {}}).encode()
        answer = self.send("POST", "/web/session/get_session_info", body, {"Content-Type": "application/json"})
        if answer.status != 200:
            raise OdooError(answer.status, answer.text)
        return str((json.loads(answer.body).get("result") or {}).get("username") or "")

    def send(self, method: str, path: str, body: bytes | None = None, headers: dict[str, str] | None = None) -> Answer:
        """Send a request with the cookies, and keep those that come back."""
        cookie = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        answer = self.route.request(method, path, body, {**(headers or {}), **({"Cookie": cookie} if cookie else {})})
        for line in answer.headers.get_all("Set-Cookie") or []:
            for name, morsel in SimpleCookie(line).items():
                self.cookies[name] = morsel.value
        return answer


def websocket_status(route: Route, session: Session, version: str = "") -> int:
    """Return the status that a websocket handshake is answered with."""
    assert route.context is not None
    key = base64.b64encode(os.urandom(16)).decode()
    lines = [
        f"GET /websocket?version={version} HTTP/1.1",
        f"Host: {route.name}",
        "Connection: Upgrade",
        "Upgrade: websocket",
        "Sec-WebSocket-Version: 13",
        f"Sec-WebSocket-Key: {key}",
        f"Origin: https://{route.name}",
        f"Cookie: session_id={session.session_id}",
    ]
    with (
        socket.create_connection((route.address, route.port), route.timeout) as plain,
        route.context.wrap_socket(plain, server_hostname=route.name) as connection,
    ):
        connection.sendall(("\r\n".join(lines) + "\r\n\r\n").encode())
        first = connection.recv(4096).partition(b"\r\n")[0].split()
    return int(first[1])
