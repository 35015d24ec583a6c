"""The object store goes away: orders and pages go on, files say what is the matter, and it all ends by itself."""

from __future__ import annotations

import base64
import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from tests.estate import access
from tests.estate.wait import until, until_whole
from tests.estate.web import Json2, OdooError
from tests.estate.world import Estate, Host, Instance
from tests.load.load import Load

# What counts as a failed request; a user is told within it (patience.py of the add-on erpops_attachment).
PATIENCE_SECONDS = 30
UNAVAILABLE = 503
TOLD = "The store of attached files does not answer"
CONTENT = secrets.token_bytes(4096)
# Bytes that browsers and the database keep nothing of: too large an image, a type without a rule.
FILE = {"mimetype": "application/octet-stream", "datas": base64.b64encode(CONTENT).decode()}


@contextmanager
def stopped(store: Host) -> Iterator[None]:
    """Let the store refuse connections, as after a crash."""
    store.check_output("docker stop object_storage")
    try:
        yield
    finally:
        store.check_output("docker start object_storage")


@contextmanager
def frozen(store: Host) -> Iterator[None]:
    """Let the store take connections and answer nothing."""
    store.check_output("docker pause object_storage")
    try:
        yield
    finally:
        store.check_output("docker unpause object_storage")


def refused(act: Callable[[], object]) -> tuple[float, int, str]:
    """Return how long a request took that must fail, its status and what it said."""
    began = time.monotonic()
    with pytest.raises(OdooError) as caught:
        act()
    return time.monotonic() - began, caught.value.status, caught.value.body


def download(estate: Estate, instance: Instance, attachment: int) -> bytes:
    answer = access.logged_in(estate, instance).get(f"/web/content/{attachment}?download=1")
    if answer.status != 200:
        raise OdooError(answer.status, answer.text)
    return answer.body


def test_people_work_on_and_are_told_about_files(estate: Estate, north: Instance) -> None:
    until_whole(estate)
    odoo, store = access.json2(estate, north), estate.host("store1")
    kept = keep(odoo)
    asked: dict[str, Callable[[], object]] = {
        "upload": lambda: keep(odoo),
        "read": lambda: odoo.read("ir.attachment", kept, "datas"),
        "download": lambda: download(estate, north, kept),
    }
    with Load(estate, north) as load:
        for out in (stopped, frozen):
            with out(store):
                for what, act in asked.items():
                    seconds, status, body = refused(act)
                    print(f"{what} while it is {out.__name__}: {status} after {seconds:.1f} s")
                    assert (status, TOLD in body) == (UNAVAILABLE, True), f"{what}: {status} {body[:500]}"
                    assert seconds < PATIENCE_SECONDS, what
            took = until(lambda: read(odoo, kept) == CONTENT, 30, "the file to be there again, unharmed")
            print(f"files are there again {took:.1f} s after the store")
    result = load.result()
    print(result.summary())
    assert not result.faults, result.summary()
    assert read(odoo, keep(odoo)) == CONTENT
    until_whole(estate)


def keep(odoo: Json2) -> int:
    return odoo.create("ir.attachment", name=f"{secrets.token_hex(4)}.bin", **FILE)


def read(odoo: Json2, attachment: int) -> bytes:
    try:
        return base64.b64decode(odoo.read("ir.attachment", attachment, "datas")["datas"])
    except OdooError:
        return b""
