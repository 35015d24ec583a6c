"""The estate at a glance: everything as desired; a service that was stopped or never made is named."""

from __future__ import annotations

import json
import re
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.estate import sight, site
from tests.estate.daemons import Etcd
from tests.estate.wait import until_whole
from tests.estate.world import Estate

PLAYBOOK = "erpops.estate.status"
# What a host keeps of a service that was made; nothing else tells that it was.
RECORD, ASIDE = "/var/lib/erpops/proven/sentinel.json", "/root/sentinel.json"
LOCK = "/erpops/lab/leases/change_lock/tests"
# Seconds, on two processors that run the whole estate.
AT_A_GLANCE = 30


@pytest.fixture
def page(tmp_path: Path) -> Path:
    """Where the page goes."""
    return tmp_path / "status.html"


def look(page: Path, *, check: bool = True) -> site.Run:
    return site.run("-e", f"status_page={page}", "-e", "status_fails=true", check=check, playbook=PLAYBOOK)


def test_an_estate_as_desired_says_so_and_is_not_changed(estate: Estate, page: Path) -> None:
    until_whole(estate)
    assert look(page).changes == 0
    shown = page.read_text(encoding="utf-8")
    assert "Everything is as desired." in shown
    for host in estate.hosts:
        assert f">{host.name}</text>" in shown


def test_leases_and_backups_are_told_with_an_owner_and_an_age(estate: Estate, page: Path) -> None:
    """A change lock is nothing but its record, so that nothing else is out of order meanwhile."""
    etcd, now = Etcd(estate), datetime.now(UTC)
    lock = {
        "kind": "change_lock",
        "name": "tests",
        "owner": "ada@bastion",
        "reason": "at a glance",
        "taken_at": now.isoformat(),
        "expires_at": (now + timedelta(minutes=5)).isoformat(),
    }
    etcd.ctl("put %s %s", LOCK, json.dumps(lock))
    try:
        began = time.monotonic()
        shown = look(page)
        seconds = time.monotonic() - began
    finally:
        etcd.ctl(f"del {LOCK}")
    print(f"told after {seconds:.1f} s")
    lines = next(result["msg"] for _host, task, result in shown.results if task == "Show it")
    assert [
        line for line in lines if line.startswith("Lease change_lock tests, held by ada@bastion (at a glance) until")
    ]
    assert [line for line in lines if re.fullmatch(r"Newest backup: \S+, (full|diff|incr), \d+\.\d hours old", line)]
    text = page.read_text(encoding="utf-8")
    assert "ada@bastion" in text
    assert seconds < AT_A_GLANCE


def test_a_stopped_service_and_one_that_was_never_made_are_named(estate: Estate, page: Path) -> None:
    edge = estate.group("edge")[-1]
    edge.check_output("docker stop traefik")
    edge.check_output(f"mv {RECORD} {ASIDE}")
    try:
        ended = look(page, check=False)
        assert ended.status != 0
        assert f"{edge.name}: traefik: expected it to run, found it stopped" in ended.output
        assert "traefik: expected it to run, found it stopped" in page.read_text(encoding="utf-8")
        missing = "sentinel: expected it on this host, found that it was never made; run its role"
        assert f"{edge.name}: {missing}" in ended.output
        assert missing in [row.health for row in sight.look(estate) if row.host == edge.name]
    finally:
        edge.check_output(f"mv {ASIDE} {RECORD}")
        edge.check_output("docker start traefik")
        until_whole(estate)
