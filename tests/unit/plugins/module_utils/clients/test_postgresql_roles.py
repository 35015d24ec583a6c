# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which passwords are set, and what leaves for the server."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, cast

import pytest
from ansible_collections.erpops.estate.plugins.module_utils.clients.errors import Refused
from ansible_collections.erpops.estate.plugins.module_utils.clients.odoo_database import Database
from ansible_collections.erpops.estate.plugins.module_utils.clients.postgresql_roles import keep_passwords
from ansible_collections.erpops.estate.plugins.module_utils.policy.scram import matches, verifier

KEPT = [("postgres", verifier("one", b"salt" * 4)), ("replicator", verifier("two", b"salt" * 4))]


@dataclass
class Server:
    recovering: bool = False
    sent: list[tuple[str, tuple[Any, ...]]] = field(default_factory=list)

    def rows(self, statement: str, *_values: Any) -> list[tuple[Any, ...]]:
        return [(self.recovering,)] if "pg_is_in_recovery" in statement else list(KEPT)

    def run(self, statement: str, *values: Any) -> None:
        self.sent.append((statement, values))

    def quoted(self, name: str) -> str:
        return f'"{name}"'


@pytest.mark.parametrize(
    ("wanted", "recovering", "check", "actions", "sent"),
    [
        ({"postgres": "one", "replicator": "two"}, False, False, [], 0),
        ({"postgres": "one", "replicator": "new"}, False, False, ["role replicator: set password"], 1),
        ({"postgres": "one", "replicator": "new"}, False, True, ["role replicator: set password"], 0),
        ({"postgres": "one", "replicator": "new"}, True, False, [], 0),
    ],
)
def test_only_what_differs_is_set_and_on_the_leader_alone(
    wanted: dict[str, str], *, recovering: bool, check: bool, actions: list[str], sent: int
) -> None:
    server = Server(recovering)
    assert keep_passwords(cast("Database", server), wanted, check=check) == actions
    assert len(server.sent) == sent
    for statement, (kept,) in server.sent:
        assert statement == 'ALTER ROLE "replicator" PASSWORD %s'
        assert matches("new", kept)
        assert "new" not in kept


def test_a_role_that_is_not_there_is_named() -> None:
    with pytest.raises(Refused, match="no role rewinder"):
        keep_passwords(
            cast("Database", Server()), {"postgres": "one", "replicator": "two", "rewinder": "x"}, check=False
        )
