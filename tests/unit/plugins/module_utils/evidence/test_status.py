# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The status of a recorded estate: as desired, and with PostgreSQL and Redis stopped on one host."""

from __future__ import annotations

import json
from html.parser import HTMLParser
from typing import Any

import pytest
from ansible_collections.erpops.estate.plugins.module_utils.evidence.status import Status, gather, lines, short
from ansible_collections.erpops.estate.plugins.module_utils.evidence.status_page import render

from tests.conftest import REPOSITORY

ESTATE = {"name": "lab", "seen_at": "2026-11-23T04:30:00+00:00", "virtual_ip": "172.30.77.10", "renew_before_days": 30}


def seen(recording: str) -> dict[str, dict[str, Any]]:
    path = REPOSITORY / "tests" / "unit" / "fixtures" / "status" / f"{recording}.json"
    return {host: {"services": services} for host, services in json.loads(path.read_text(encoding="utf-8")).items()}


def test_an_estate_as_desired_has_no_findings() -> None:
    status = gather(seen("whole"), ESTATE)
    assert status.ok
    assert len(status.rows) == 30
    assert lines(status)[-1] == "Everything is as desired."
    assert sorted((row.kind, row.role) for row in status.rows if row.leads) == [
        ("etcd", "leader"),
        ("keepalived", "master"),
        ("patroni", "leader"),
        ("redis", "master"),
    ]


def test_what_is_stopped_is_found_and_nothing_else() -> None:
    status = gather(seen("degraded"), ESTATE)
    assert {(row.host, row.service) for row in status.rows if not row.ok} == {("node3", "patroni"), ("node3", "redis")}
    assert [finding for finding in status.findings if "expected it to run, found it stopped" in finding] == [
        "node3: patroni: expected it to run, found it stopped",
        "node3: redis: expected it to run, found it stopped",
    ]
    assert sum(line.endswith("ILL") for line in lines(status)) == 2


def test_a_service_that_was_never_made_is_found() -> None:
    answers = seen("whole")
    kinds = {entry["service"]: entry["kind"] for entry in answers["node3"]["services"]}
    answers["node3"]["declared"] = kinds
    assert gather(answers, ESTATE).ok
    answers["node3"]["declared"] = {**kinds, "traefik": "traefik"}
    status = gather(answers, ESTATE)
    finding = "traefik: expected it on this host, found that it was never made; run its role"
    assert status.findings == (f"node3: {finding}",)
    assert [(row.service, row.plane, row.ok) for row in status.rows if row.host == "node3"][-1] == (
        "traefik",
        "Edge",
        False,
    )
    assert finding in page(status).text


def test_a_host_that_gave_no_answer_is_a_finding() -> None:
    silent = seen("whole") | {"node3": {"services": None, "declared": {"etcd": "etcd"}}}
    assert gather(silent, ESTATE).findings == ("node3: expected an answer, found none; it is unreachable",)


BACKUP = {"label": "20261123-041134F", "type": "full", "age_hours": 0.31, "started_at": "", "size_bytes": 1}
BACKED_UP = {**ESTATE, "backed_up": True}


def test_one_host_that_tells_of_backups_is_enough() -> None:
    answers = seen("whole")
    answers["node1"]["backups_untold"] = "container patroni; it is not running"
    answers["node2"]["backups"] = [BACKUP]
    status = gather(answers, BACKED_UP)
    assert status.ok
    assert "Newest backup: 20261123-041134F, full, 0.3 hours old" in lines(status)
    answers["node2"]["backups"] = []
    assert gather(answers, BACKED_UP).ok, "its health says what there should be"


def test_no_host_that_tells_of_backups_is_a_finding() -> None:
    answers = seen("whole")
    answers["node1"]["backups_untold"] = "container patroni; it is not running"
    found = "backups: expected a host to tell of them, found none; node1: container patroni; it is not running"
    assert gather(answers, BACKED_UP).findings == (found,)
    assert gather(answers, ESTATE).ok


def test_what_every_host_says_of_the_cluster_is_one_finding() -> None:
    answers = seen("whole")
    for host, own in {"node1": [], "node2": ["its timer is off"]}.items():
        answers[host]["troubles"] = ["the newest backup is too old", *own]
    assert gather(answers, ESTATE).findings == ("node1: the newest backup is too old", "node2: its timer is off")


@pytest.mark.parametrize(("days", "found"), [(29, True), (30, False)])
def test_a_certificate_that_ends_soon_is_a_finding(days: int, found: bool) -> None:
    answers = seen("whole")
    answers["node1"]["certificates"] = {"edge": f"2026-12-{23 + days - 30:02}T04:30:00+00:00"}
    status = gather(answers, ESTATE)
    assert status.certificates == (("node1", "edge", days),)
    assert bool(status.findings) is found


def test_another_image_than_the_inventory_says_is_a_finding() -> None:
    images = {"etcd": "registry/etcd@sha256:" + "0" * 64, "image_registry": "registry/registry@sha256:" + "0" * 64}
    findings = gather(seen("whole"), {**ESTATE, "images": images}).findings
    # The registry's own image came as an archive: its id is no digest.
    assert len(findings) == 3
    assert findings[0].startswith("node1: expected etcd to run 000000000000, found ")


@pytest.mark.parametrize(
    ("image", "shown"),
    [
        ("registry:5000/etcd@sha256:" + "ab" * 32, "abababababab"),
        ("sha256:" + "cd" * 32, "cdcdcdcdcdcd"),
        ("keepalived", "keepalived"),
        ("registry/etcd:3.5", "registry/etcd:3.5"),
    ],
)
def test_images_are_quoted_as_people_do(image: str, shown: str) -> None:
    assert short(image) == shown


class Reader(HTMLParser):
    """Reads the page as a browser would: what it shows, what it loads, and whether tags are closed."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.text: list[str] = []
        self.open: list[str] = []
        self.loads: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.loads += [value or "" for name, value in attrs if name in ("src", "href")]
        if tag not in ("meta", "line", "rect", "path"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag not in ("line", "rect", "path"):
            assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text.append(data)


def page(status: Status) -> Reader:
    return Reader(render(status))


def test_the_page_is_whole_and_loads_nothing() -> None:
    read = page(gather(seen("degraded"), ESTATE))
    assert read.open == []
    assert read.loads == []
    assert "node3: patroni: expected it to run, found it stopped" in read.text
    assert any(text.startswith("✗ patroni") for text in read.text)


def test_what_a_daemon_says_is_shown_and_not_run() -> None:
    answers = seen("whole")
    answers["node1"]["services"][0]["health"] = {"ok": False, "reasons": ["<script>alert(1)</script>"], "facts": {}}
    html = render(gather(answers, ESTATE))
    assert "<script>" not in html
    assert "&lt;script&gt;" in html


def test_an_address_that_no_edge_has_is_said() -> None:
    answers = seen("whole")
    for services in answers.values():
        for entry in services["services"]:
            entry["role"] = "backup" if entry["kind"] == "keepalived" else entry["role"]
    assert "users → 172.30.77.10, which no edge has" in page(gather(answers, ESTATE)).text
