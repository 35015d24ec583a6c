# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is done with a request whose connection to the database is lost."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType

import pytest

# Errors of psycopg2, as (is it an OperationalError or a plain DatabaseError, its SQLSTATE).
LOST = {
    "terminating connection due to administrator command": (True, "57P01"),
    "terminating connection because of crash of another server process": (True, "57P02"),
    "the database system is starting up": (True, "57P03"),
    "SSL connection has been closed unexpectedly": (True, None),
    "connection to server failed: session is not read-write": (True, None),
    "server closed the connection unexpectedly": (True, None),
    "cannot execute INSERT in a read-only transaction": (False, "25006"),
}
KEPT = {
    "could not serialize access due to concurrent update": (True, "40001"),
    "deadlock detected": (True, "40P01"),
    "canceling statement due to lock timeout": (True, "55P03"),
    "canceling statement due to user request": (True, "57014"),
    "duplicate key value violates unique constraint": (False, "23505"),
    "cursor already closed": (False, None),
}


@pytest.mark.parametrize("said", LOST)
def test_a_leader_that_is_gone_is_told_from(attempt: ModuleType, said: str) -> None:
    assert attempt.lost([attempt.Refusal(*LOST[said])])


@pytest.mark.parametrize("said", KEPT)
def test_an_error_of_the_request_itself(attempt: ModuleType, said: str) -> None:
    assert not attempt.lost([attempt.Refusal(*KEPT[said])])


def test_what_led_to_an_error_counts_too(attempt: ModuleType) -> None:
    # Odoo rolls back on the connection that is gone: "connection already closed", during handling of the first.
    assert attempt.lost([attempt.Refusal(False, None), attempt.Refusal(True, "57P01")])
    assert not attempt.lost([])


@pytest.mark.parametrize(
    ("committed", "unanswered", "lost", "outcome"),
    [
        (False, "", False, None),
        (True, "", False, None),
        (False, "", True, "nothing done"),
        (True, "", True, "partly done"),
        (False, "771", True, "unknown"),
        (True, "771", True, "unknown"),
        (False, "771", False, "unknown"),
    ],
)
def test_what_is_known_of_a_request(
    attempt: ModuleType, committed: bool, unanswered: str, lost: bool, outcome: str | None
) -> None:
    assert attempt.Attempt([], committed, unanswered).outcome(lost) == outcome


@pytest.mark.parametrize(
    ("path", "runs", "seconds", "again"),
    [
        ("/json/2/sale.order/create", 1, 0.2, True),
        ("/json/2/sale.order/create", 2, 12.0, True),
        ("/json/2/sale.order/create", 3, 12.0, False),
        ("/json/2/sale.order/create", 1, 31.0, False),
        ("/payment/transaction", 1, 0.2, False),
        ("/json/2/stock.picking/send_to_shipper", 1, 0.2, False),
        ("/payment", 1, 0.2, True),
    ],
)
def test_a_request_is_run_again(attempt: ModuleType, path: str, runs: int, seconds: float, again: bool) -> None:
    run_once = ("/payment/*", "*/send_to_shipper")
    assert attempt.may_run_again(path, runs, seconds, run_once) == again


@pytest.mark.parametrize(
    ("section", "patterns"),
    [
        ("", ()),
        ("[erpops_estate]\nrun_once =\n", ()),
        ("[erpops_estate]\nrun_once = /payment/*, */send_to_shipper,\n", ("/payment/*", "*/send_to_shipper")),
    ],
    ids=["no section", "nothing", "two"],
)
def test_settings_name_what_runs_once(
    estate_settings: ModuleType, tmp_path: Path, section: str, patterns: tuple[str, ...]
) -> None:
    path = tmp_path / "odoo.conf"
    path.write_text(f"[options]\ndb_name = north\nadmin_passwd = 50%\n\n{section}", encoding="utf-8")
    assert estate_settings.run_once(str(path)) == patterns
