# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The gate in a job of AWX: who launched it and who approved it is read from AWX's API, and from nowhere else.

The other end speaks TLS and HTTP for real and has the paths and records that AWX 24.6.1 documents; it is no AWX.
"""

from __future__ import annotations

import json
import ssl
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.erpops.estate.plugins.module_utils.policy.change.planned import plan_of

from tests.controller.governed import SAID, Governed
from tests.unit.plugins.module_utils.clients.test_https import self_signed

TOKEN = "a-token-that-reads-jobs"  # noqa: S105 - made up here
NAMES = SAID.replace("ada: {", "ada: {awx: afisher, ").replace("eve: {", "eve: {awx: elang, ")
JOB, WORKFLOW, APPROVAL = 12, 11, 13


class Records:
    """What this AWX answers, by path; what was asked of it, and with which token."""

    def __init__(self, plan: str, approver: str) -> None:
        launched = {"created_by": {"id": 7, "username": "elang"}}
        part = {"source_workflow_job": {"id": WORKFLOW}}
        given = {"approved_or_denied_by": {"id": 8, "username": approver}, **launched, **part}
        nodes = [
            {"id": 1, "summary_fields": {"job": {"id": APPROVAL, "type": "workflow_approval"}}},
            {"id": 2, "summary_fields": {"job": {"id": JOB, "type": "job"}}},
        ]
        self.asked: list[str] = []
        self.answers: dict[str, dict[str, Any]] = {
            f"/api/v2/jobs/{JOB}/": {"id": JOB, "status": "running", "summary_fields": {**launched, **part}},
            f"/api/v2/workflow_jobs/{WORKFLOW}/": {
                "id": WORKFLOW,
                "extra_vars": json.dumps({"change_plan": plan}),
                "summary_fields": launched,
            },
            f"/api/v2/workflow_jobs/{WORKFLOW}/workflow_nodes/?page_size=200": {"next": None, "results": nodes},
            f"/api/v2/workflow_approvals/{APPROVAL}/": {
                "id": APPROVAL,
                "status": "successful",
                "timed_out": False,
                "finished": datetime.now(UTC).isoformat(),
                "summary_fields": given,
            },
        }

    def handler(self) -> type[BaseHTTPRequestHandler]:
        records = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                records.asked.append(self.path)
                known = self.headers["Authorization"] == f"Bearer {TOKEN}"
                answer = records.answers.get(self.path)
                self.send_response(401 if not known else 404 if answer is None else 200)
                self.end_headers()
                self.wfile.write(json.dumps(answer if known else {"detail": "no"}).encode())

            def log_message(self, *_: object) -> None:
                """Stay silent."""

        return Handler


class Awx(Governed):
    """A company whose bastion is a container of AWX."""

    def __init__(self, path: Path, approver: str) -> None:
        super().__init__(path, **{"approvers/people.yml": NAMES})
        self.planned()
        plan = json.loads((path / "plan.json").read_text())
        self.records = Records(plan_of(plan).digest, approver)
        certificate, key = self_signed(path, "server")
        self_signed(path, "other")
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), self.records.handler())
        self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.environment["JOB_ID"] = str(JOB)
        (path / "token").write_text(f"{TOKEN}\n")
        self.tell("server.crt")

    def tell(self, authority: str) -> None:
        """Say in the inventory where AWX is and whose certificates it has."""
        awx = {
            "url": f"https://127.0.0.1:{self.server.server_address[1]}",
            "ca_file": str(self.path / authority),
            "token_file": str(self.path / "token"),
        }
        self.inventory(estate_governance={**self.places(), "awx": awx})


@pytest.fixture
def awx(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Awx]:
    made = Awx(tmp_path, getattr(request, "param", "afisher"))
    yield made
    made.server.shutdown()
    made.server.server_close()


def test_a_job_runs_by_what_awx_says_of_launch_and_approval(awx: Awx) -> None:
    awx.run()
    assert awx.changed() == ["node1", "node2"]
    assert set(awx.records.asked) == set(awx.records.answers)
    record = awx.record()
    assert record.origin["launcher"] == {"person": "eve", "proof": "awx"}
    assert [(given["person"], given["where"]) for given in record.approvals] == [
        ("ada", f"AWX's workflow approval {APPROVAL}")
    ]
    assert TOKEN not in json.dumps(record.as_dict())


@pytest.mark.parametrize("awx", ["elang"], indirect=True)
def test_who_launched_it_approves_it_in_vain(awx: Awx) -> None:
    said = awx.run(status=2)
    assert "the one of eve does not count: who launches a run cannot approve it" in said
    assert awx.changed() == []


def test_a_signature_of_the_launcher_is_worth_nothing_there(awx: Awx) -> None:
    awx.sign("ada")
    awx.sign("eve", "launch")
    awx.records.answers[f"/api/v2/jobs/{JOB}/"]["status"] = "successful"
    assert f"expected AWX's job {JOB} to be running, found it successful" in awx.run(status=2)
    assert awx.changed() == []


def test_an_awx_that_cannot_be_asked_lets_nobody_through(awx: Awx) -> None:
    (awx.path / "token").write_text("another")
    assert "status 401" in awx.run(status=2)
    awx.tell("other.crt")
    assert "certificate verify failed" in awx.run(status=2)
    assert awx.changed() == []
