# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Against a server on this machine that speaks TLS for real."""

from __future__ import annotations

import base64
import contextlib
import ipaddress
import json
import ssl
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from ansible_collections.erpops.estate.plugins.module_utils.clients import errors
from ansible_collections.erpops.estate.plugins.module_utils.clients.https import Login, Tls, request
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID


class Handler(BaseHTTPRequestHandler):
    """Answers by path: a status, or slowly, or with what it was sent."""

    def do_GET(self) -> None:
        if self.path == "/slow":
            time.sleep(2)
        status = int(self.path[1:]) if self.path[1:].isdigit() else 200
        body = "not json" if self.path == "/text" else json.dumps({"user": self._user()})
        self.send_response(status)
        self.end_headers()
        # Who asked may have given up waiting.
        with contextlib.suppress(OSError):
            self.wfile.write(body.encode())

    def do_PATCH(self) -> None:
        length = int(self.headers["Content-Length"])
        self.send_response(200)
        self.end_headers()
        self.wfile.write(self.rfile.read(length))

    def log_message(self, *_: object) -> None:
        """Stay silent."""

    def _user(self) -> str:
        scheme, _space, token = (self.headers["Authorization"] or "").partition(" ")
        return base64.b64decode(token).decode().partition(":")[0] if scheme == "Basic" else ""


def self_signed(directory: Path, name: str) -> tuple[Path, Path]:
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    certificate_file, key_file = directory / f"{name}.crt", directory / f"{name}.key"
    certificate_file.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    key_file.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return certificate_file, key_file


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    directory = tmp_path_factory.mktemp("tls")
    certificate_file, key_file = self_signed(directory, "server")
    self_signed(directory, "other")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate_file, key_file)
    httpd = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    httpd.socket = context.wrap_socket(httpd.socket, server_side=True)
    thread = threading.Thread(target=httpd.serve_forever, daemon=True)
    thread.start()
    yield f"https://127.0.0.1:{httpd.server_address[1]}", directory
    httpd.shutdown()
    httpd.server_close()


def test_an_answer_with_and_without_a_login(server: tuple[str, Path]) -> None:
    url, directory = server
    tls = Tls(str(directory / "server.crt"))
    assert request("it", "GET", f"{url}/", tls=tls).json() == {"user": ""}
    assert request("it", "GET", f"{url}/", tls=tls, login=Login("patroni", "secret")).json() == {"user": "patroni"}
    assert request("it", "PATCH", f"{url}/", tls=tls, data={"ttl": None}).json() == {"ttl": None}


def test_a_status_that_is_an_answer(server: tuple[str, Path]) -> None:
    url, directory = server
    answer = request("it", "GET", f"{url}/503", tls=Tls(str(directory / "server.crt")), accept=(503,))
    assert (answer.status, answer.json()) == (503, {"user": ""})


@pytest.mark.parametrize(
    ("path", "authority", "expected", "found"),
    [
        ("/401", "server.crt", errors.NotAuthorised, "status 401"),
        ("/500", "server.crt", errors.Refused, "status 500"),
        ("/slow", "server.crt", errors.TimedOut, "within 0.5 s"),
        ("/", "other.crt", errors.NotTrusted, "certificate verify failed"),
        ("/", "missing.crt", errors.MissingFile, "No such file"),
    ],
)
def test_failures_have_types(
    server: tuple[str, Path], path: str, authority: str, expected: type[errors.ClientError], found: str
) -> None:
    url, directory = server
    with pytest.raises(expected, match=found):
        request("it", "GET", url + path, tls=Tls(str(directory / authority)), timeout=0.5)


def test_nobody_listens(server: tuple[str, Path]) -> None:
    with pytest.raises(errors.Unreachable, match="refused"):
        request("it", "GET", "https://127.0.0.1:1/", tls=Tls(str(server[1] / "server.crt")))


def test_an_answer_that_is_no_data(server: tuple[str, Path]) -> None:
    url, directory = server
    answer = request("it", "GET", f"{url}/text", tls=Tls(str(directory / "server.crt")))
    with pytest.raises(errors.Refused, match="expected an answer in JSON; found not json"):
        answer.json()
