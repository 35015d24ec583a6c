"""What a newcomer is shown: an order through the virtual address, where it went, and what to try next."""

from __future__ import annotations

import json
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.estate import access, sight
from tests.estate.world import Estate
from tests.lab import paths, secrets

STEPS = (
    "pieces ordered from a vendor",
    "pieces received",
    "pieces sold",
    "pieces delivered",
    "posted",
    "attached to",
    "invoice printed: PDF of",
    "delivery slip printed: PDF of",
    "is a row on",
    "is a key of",
    "the login holds on",
    "outlived the loss of Odoo there",
    "is the object",
    "is in the backup repository",
    "a job was enqueued and done",
    "one runner hands out the jobs",
    "a websocket opens through the edge: 101",
    "a browser logged in and saw",
)
# What any client may count on to find its way.
KEYS = {"virtual_ip", "ca_file", "hosts", "instances"}
HOST_KEYS = {"name", "address", "user", "ssh_key_file", "groups"}
INSTANCE_KEYS = {"name", "url", "database", "admin_login", "admin_password_file", "api_key_file"}


@pytest.fixture(scope="module")
def shown() -> str:
    """What the demonstration prints; it looks itself whether each step came out."""
    command = [sys.executable, "-m", "tests.estate.demo"]
    done = subprocess.run(command, cwd=paths.ROOT, capture_output=True, text=True, check=False, timeout=600)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_an_order_is_followed_from_the_vendor_to_everywhere_it_went(estate: Estate, shown: str) -> None:
    read_back = [f"read back through {host.name}" for host in estate.group("odoo")]
    assert len(read_back) >= 2
    assert [step for step in (*STEPS, *read_back) if step not in shown] == [], shown


def test_every_service_is_named_with_its_health(estate: Estate, shown: str) -> None:
    lines = [line.split() for line in shown.splitlines()]
    told = {tuple(line[:2]) for line in lines if line[-1:] == ["healthy"]}
    assert {(row.host, row.service) for row in sight.look(estate)} == told


def test_each_instance_lets_its_administrator_in(estate: Estate) -> None:
    for instance in estate.instances:
        assert access.logged_in(estate, instance).user() == instance.admin_login


@pytest.mark.parametrize(("start", "answer"), [("  ssh ", "Leader"), ("  curl ", '"status": "pass"')])
def test_what_it_says_to_try_works(shown: str, start: str, answer: str) -> None:
    command = next(line for line in shown.splitlines() if line.startswith(start))
    tried = subprocess.run(shlex.split(command), cwd=paths.ROOT, capture_output=True, text=True, check=False)
    assert tried.returncode == 0, tried.stderr
    assert answer in tried.stdout


@pytest.fixture
def description() -> dict[str, Any]:
    """What ``.lab/estate.json`` says, read as any client would."""
    read: dict[str, Any] = json.loads(paths.ESTATE_JSON.read_text(encoding="utf-8"))
    return read


def private(description: dict[str, Any]) -> Iterator[tuple[str, Path]]:
    """Name each file with a secret, and where it lies."""
    for entry in (*description["hosts"], *description["instances"]):
        yield from ((f"{entry['name']}: {key}", Path(entry[key])) for key in entry if key.endswith("_file"))


@pytest.mark.usefixtures("estate")  # it writes a description that is missing
def test_a_client_finds_in_the_description_what_was_promised(description: dict[str, Any]) -> None:
    assert set(description) == KEYS
    hosts = {host["name"]: set(host) for host in description["hosts"]}
    assert hosts == dict.fromkeys(["node1", "node2", "node3", "store1"], HOST_KEYS)
    instances = {instance["name"]: set(instance) for instance in description["instances"]}
    assert instances == dict.fromkeys(["north", "south"], INSTANCE_KEYS)


@pytest.mark.usefixtures("estate", "shown")  # the demonstration makes the API keys
def test_secrets_lie_in_files_of_their_owner_and_not_in_the_description(description: dict[str, Any]) -> None:
    files = dict(private(description))
    assert {name: f"{path.stat().st_mode & 0o7777:04o}" for name, path in files.items()} == dict.fromkeys(files, "0600")
    vault = secrets.named()
    assert vault
    known = vault | {name: path.read_text(encoding="utf-8").strip() for name, path in files.items()}
    # the lines of a key would stand there as one
    text = paths.ESTATE_JSON.read_text(encoding="utf-8").replace("\\n", "\n")
    assert [name for name, secret in known.items() if secret in text] == []
