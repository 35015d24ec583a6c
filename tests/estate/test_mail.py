"""What a user sends leaves Odoo for the server of the inventory: encrypted, logged in, from the instance's address."""

from __future__ import annotations

import email
import email.policy
import secrets
import ssl
from collections.abc import Iterator
from dataclasses import dataclass, field
from email.message import EmailMessage
from pathlib import Path

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from tests.estate import authority
from tests.estate.access import web_container
from tests.estate.web import Json2, OdooError
from tests.estate.world import Estate, Instance
from tests.lab import inventory
from tests.lab import secrets as lab_secrets

NORTH = next(entry for entry in inventory.instances() if entry["name"] == "north")
MAIL = NORTH["mail"]


@dataclass
class Sink:
    """A mail server that keeps what it gets; it takes it from who is encrypted and knows the password only."""

    login: tuple[str, str]
    taken: list[tuple[str, EmailMessage]] = field(default_factory=list)

    async def handle_DATA(self, _server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802  # the library's name
        assert session.ssl is not None
        content = email.message_from_bytes(envelope.original_content or b"", policy=email.policy.default)
        self.taken.append((str(envelope.mail_from), content))
        return "250 kept"

    def authenticate(
        self, _server: SMTP, _session: Session, _envelope: Envelope, _mechanism: str, given: LoginPassword
    ) -> AuthResult:
        known = (given.login.decode(), given.password.decode()) == self.login
        return AuthResult(success=known, handled=False)


@pytest.fixture(scope="module")
def password() -> str:
    return str(lab_secrets.read()["estate_instance_secrets"]["north"]["mail_password"])


@pytest.fixture
def sink(tmp_path: Path, password: str) -> Iterator[Sink]:
    ca = authority.root("a mail server's authority")
    pair = authority.leaf(ca, [MAIL["host"]])
    file = tmp_path / "sink.pem"
    file.touch(mode=0o600)
    file.write_text(pair.pem + pair.key_pem)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(file)
    found = Sink((MAIL["user"], password))
    controller = Controller(
        found,
        MAIL["host"],
        MAIL["port"],
        require_starttls=True,
        tls_context=context,
        authenticator=found.authenticate,
        auth_required=True,
    )
    controller.start()
    yield found
    controller.stop()


def send(odoo: Json2, **more: str) -> str:
    """Write a message and send it; return its subject."""
    subject = f"Order confirmed {secrets.token_hex(4)}"
    mail = odoo.create(
        "mail.mail", subject=subject, body_html="<p>Thank you.</p>", email_to="customer@example.com", **more
    )
    try:
        odoo.call("mail.mail", "send", ids=[mail], raise_exception=True)
    except OdooError:
        # Odoo's queue would try it again.
        odoo.call("mail.mail", "cancel", ids=[mail])
        raise
    return subject


def test_a_message_arrives_from_the_instance_s_address(odoo: Json2, sink: Sink) -> None:
    subject = send(odoo)
    [(envelope_from, message)] = sink.taken
    assert message["Subject"] == subject
    assert message["To"] == "customer@example.com"
    assert (envelope_from, message["From"]) == (MAIL["from"], MAIL["from"])
    body = message.get_body(("html",))
    assert body is not None
    assert "Thank you." in body.get_content()


def test_a_user_s_own_address_is_not_what_the_server_is_asked_to_send_from(odoo: Json2, sink: Sink) -> None:
    send(odoo, email_from='"Clara Clerk" <clara@elsewhere.example>')
    [(envelope_from, message)] = sink.taken
    assert envelope_from == MAIL["from"]
    [sender] = message["From"].addresses
    assert (sender.display_name, sender.addr_spec) == ("Clara Clerk", MAIL["from"])


def test_who_does_not_know_the_password_sends_nothing(odoo: Json2, sink: Sink) -> None:
    sink.login = (MAIL["user"], "another")
    with pytest.raises(OdooError):
        send(odoo)
    assert sink.taken == []


def test_the_password_is_read_by_odoo_alone(estate: Estate, north: Instance, password: str) -> None:
    for host in estate.group("odoo"):
        config = host.file(f"/etc/erpops/odoo/{north.name}/web.conf")
        assert password in config.content_string
        assert config.mode == 0o400
        assert password not in str(host.containers()[web_container(north)])
        assert password not in host.check_output("ps -eo args")
        logs = host.check_output("docker logs %s 2>&1", web_container(north))
        assert password not in logs
