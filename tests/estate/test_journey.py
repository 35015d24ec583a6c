"""A real order through the virtual address, and the same order seen through every application node."""

from __future__ import annotations

import base64
import shlex
import subprocess

import pytest

from tests.estate import access, demo
from tests.estate.journey import Journey, Trade, read_back
from tests.estate.web import Json2, Session
from tests.estate.world import Estate, Instance
from tests.lab import paths


def test_goods_are_bought_sold_invoiced_and_the_file_is_kept(odoo: Json2, trade: Trade) -> None:
    read_back(odoo, trade)


def test_every_application_node_shows_all_of_it(estate: Estate, north: Instance, trade: Trade) -> None:
    nodes = estate.group("odoo")
    assert len(nodes) >= 2
    for host in nodes:
        read_back(access.json2_on(estate, host, north), trade)


def test_a_file_is_there_for_every_process_at_once(estate: Estate, north: Instance, odoo: Json2) -> None:
    """A process that remembers what the bucket held would show nothing of what another one has just written."""
    nodes = [access.json2_on(estate, host, north) for host in estate.group("odoo")]
    for number in range(8):
        content = f"file {number}".encode() * 100
        attachment = odoo.create("ir.attachment", name=f"seen-{number}.bin", datas=base64.b64encode(content).decode())
        # Each node has several processes; which one answers is not ours to say.
        for node in nodes * 3:
            assert base64.b64decode(node.read("ir.attachment", attachment, "datas")["datas"]) == content, number


def test_invoice_and_delivery_slip_are_printed(odoo: Json2, session: Session, trade: Trade) -> None:
    journey = Journey(odoo, session)
    for pdf in (journey.print_invoice(trade), journey.print_delivery(trade)):
        assert pdf.startswith(b"%PDF")
        assert len(pdf) > 5000


def test_a_login_holds_on_every_node(estate: Estate, north: Instance) -> None:
    first, *others = estate.group("odoo")
    session = access.logged_in(estate, north, access.node_route(first, north))
    for host in others:
        assert session.through(access.node_route(host, north)).user() == north.admin_login


def test_what_the_demonstration_says_to_try_works(estate: Estate, capsys: pytest.CaptureFixture[str]) -> None:
    demo.guide(estate)
    lines = capsys.readouterr().out.splitlines()
    command = next(line for line in lines if line.startswith("  ssh "))
    tried = subprocess.run(shlex.split(command), cwd=paths.ROOT, capture_output=True, text=True, check=False)
    assert tried.returncode == 0, tried.stderr
    assert "Leader" in tried.stdout
