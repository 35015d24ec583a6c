# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Settings, layout and retries of the session store."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

SID = "a" * 42 + "b" * 42


@pytest.fixture
def section(tmp_path: Path) -> dict[str, str]:
    password = tmp_path / "redis.password"
    password.write_text("secret\n", encoding="utf-8")
    return {
        "sentinels": "10.0.0.11:26379, 10.0.0.12:26379,[fd00::1]:26379",
        "master_name": "sessions",
        "ca_file": "/etc/erpops/tls/ca.crt",
        "user": "north",
        "password_file": str(password),
        "prefix": "north:",
    }


def test_settings_are_read_and_hide_the_password(settings: ModuleType, section: dict[str, str]) -> None:
    found = settings.from_section(section, "odoo.conf")
    assert found.sentinels == (("10.0.0.11", 26379), ("10.0.0.12", 26379), ("fd00::1", 26379))
    assert (found.password, found.lifetime, found.retry_seconds) == ("secret", 604800, 20)
    assert "secret" not in repr(found)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"sentinels": ""}, "sentinels must be set"),
        ({"sentinels": "10.0.0.11"}, "sentinels must be host:port"),
        ({"prefix": "north"}, "prefix must end with a colon"),
        ({"lifetime": "0"}, "lifetime must be a whole number above 0"),
        ({"retry_seconds": "soon"}, "retry_seconds must be a whole number above 0"),
    ],
)
def test_a_mistake_is_named(
    settings: ModuleType, section: dict[str, str], change: dict[str, str], message: str
) -> None:
    with pytest.raises(settings.SettingsError, match=message):
        settings.from_section({**section, **change}, "odoo.conf")


def test_a_file_without_the_section_is_refused(settings: ModuleType, tmp_path: Path) -> None:
    path = tmp_path / "odoo.conf"
    path.write_text("[options]\ndb_name = north\n", encoding="utf-8")
    with pytest.raises(settings.SettingsError, match="found none"):
        settings.from_file(str(path))


def test_every_name_begins_with_the_prefix(keys: ModuleType) -> None:
    names = keys.Keys("north:")
    identifier = keys.identifier_of(SID)
    assert identifier == "a" * 42
    for name in (names.saved, names.probe, names.session(SID), names.sids(identifier)):
        assert name.startswith("north:")


@pytest.mark.parametrize("identifier", ["", "a" * 41, "a" * 43, "a" * 41 + "*", "a" * 41 + "\n", "../" + "a" * 39])
def test_an_identifier_that_is_none_never_becomes_a_name(keys: ModuleType, identifier: str) -> None:
    with pytest.raises(ValueError, match="is not 42 characters"):
        keys.checked_identifier(identifier)


@pytest.mark.parametrize(
    ("session", "seconds"),
    [({}, 3600), ({"deletion_time": 1120.0}, 121), ({"deletion_time": 10.0}, 1), ({"deletion_time": 99999.0}, 3600)],
)
def test_a_rotated_session_ends_when_it_says(keys: ModuleType, session: dict[str, Any], seconds: int) -> None:
    assert keys.lifetime_of(session, 3600, now=1000.0) == seconds


class Clock:
    """Time that passes only by sleeping."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


@pytest.mark.parametrize(
    ("lasts", "error", "ends"),
    [(6.0, ConnectionError, "done"), (60.0, ConnectionError, ConnectionError), (1.0, PermissionError, PermissionError)],
)
def test_a_failover_is_waited_for_and_nothing_else(
    retrying: ModuleType, lasts: float, error: type[Exception], ends: str | type[Exception]
) -> None:
    clock = Clock()

    def work() -> str:
        if clock.now < lasts:
            raise error
        return "done"

    def run() -> str:
        result: str = retrying.retry(
            work, lambda error: isinstance(error, ConnectionError), within=20, clock=clock, sleep=clock.sleep
        )
        return result

    if isinstance(ends, str):
        assert run() == ends
    else:
        with pytest.raises(ends):
            run()
    assert clock.now < 20
