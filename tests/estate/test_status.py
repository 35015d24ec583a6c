"""The estate at a glance: everything as desired; a service that was stopped or never made is named."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.estate import sight, site
from tests.estate.wait import until_whole
from tests.estate.world import Estate

PLAYBOOK = "erpops.estate.status"
# What a host keeps of a service that was made; nothing else tells that it was.
RECORD, ASIDE = "/var/lib/erpops/proven/sentinel.json", "/root/sentinel.json"


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
