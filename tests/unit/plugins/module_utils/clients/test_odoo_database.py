# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Messages of libpq 15 to PostgreSQL 17, and what they stand for."""

from __future__ import annotations

import os
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace
from typing import Any

import pytest
from ansible_collections.erpops.estate.plugins.module_utils.clients.errors import (
    ClientError,
    NotAuthorised,
    NotTrusted,
    Unreachable,
)
from ansible_collections.erpops.estate.plugins.module_utils.clients.odoo_database import Database, refusal

SERVER = 'connection to server at "172.30.77.12", port 5432 failed: '


@pytest.mark.parametrize(
    ("message", "kind"),
    [
        (
            'FATAL:  no pg_hba.conf entry for host "172.30.77.11", user "south", database "north", SSL encryption',
            NotAuthorised,
        ),
        ('FATAL:  password authentication failed for user "north"', NotAuthorised),
        ('FATAL:  permission denied for database "north"', NotAuthorised),
        ("SSL error: certificate verify failed", NotTrusted),
        ('server certificate for "node1" does not match host name "172.30.77.12"', NotTrusted),
        ("Connection refused\n\tIs the server running on that host and accepting TCP/IP connections?", Unreachable),
        ("session is read-only", Unreachable),
    ],
)
def test_a_message_becomes_the_error_it_stands_for(message: str, kind: type[ClientError]) -> None:
    error = refusal("database north", SERVER + message)
    assert isinstance(error, kind)
    assert "\n" not in error.found


def test_each_thread_finds_the_service_file_it_named(monkeypatch: pytest.MonkeyPatch) -> None:
    found = {}

    def connect(**parameters: Any) -> SimpleNamespace:
        time.sleep(0.02)
        found[parameters["service"]] = os.environ["PGSERVICEFILE"]
        return SimpleNamespace(set_session=lambda **_: None)

    library = SimpleNamespace(connect=connect, Error=Exception, OperationalError=OSError)
    monkeypatch.setitem(sys.modules, "psycopg2", library)
    monkeypatch.setenv("PGSERVICEFILE", "")
    names = ["north", "south", "east", "west"]
    with ThreadPoolExecutor(len(names)) as pool:
        for name in names:
            pool.submit(Database.service, name, service_file=f"/{name}.conf", service=name, database=name)
    assert found == {name: f"/{name}.conf" for name in names}
