# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the add-on is told in its section of odoo.conf. Pure: neither Odoo nor Redis is needed to read it."""

from __future__ import annotations

from collections.abc import Mapping
from configparser import ConfigParser
from dataclasses import dataclass, field
from pathlib import Path

SECTION = "erpops_session_redis"
WEEK = 7 * 24 * 60 * 60


class SettingsError(Exception):
    """The section is missing or says something that cannot be meant."""


@dataclass(frozen=True)
class Settings:
    """Where Redis is, who we are there, and how long sessions live."""

    sentinels: tuple[tuple[str, int], ...]
    master_name: str
    ca_file: str
    user: str
    password: str = field(repr=False)
    prefix: str
    lifetime: int = WEEK
    # Longer than a failover takes (Sentinel's down-after and an election): users wait, they are not thrown out.
    retry_seconds: float = 20.0
    # A command takes milliseconds. Of a master that hangs every process learns only by this, as often as the Sentinels
    # go on naming it, and whoever logs in waits for that.
    socket_timeout: float = 1.5


def from_file(path: str) -> Settings:
    """Return the settings in this odoo.conf."""
    parser = ConfigParser(interpolation=None)
    with open(path, encoding="utf-8") as stream:
        parser.read_file(stream)
    if not parser.has_section(SECTION):
        raise SettingsError(f"{path}: expected a section [{SECTION}], found none")
    return from_section(dict(parser[SECTION]), path)


def from_section(section: Mapping[str, str], where: str) -> Settings:
    """Return the settings in this section; ``where`` names the file in messages."""

    def required(name: str) -> str:
        value = section.get(name, "").strip()
        if not value:
            raise SettingsError(f"{where}: [{SECTION}] {name} must be set")
        return value

    prefix = required("prefix")
    if not prefix.endswith(":"):
        raise SettingsError(f"{where}: [{SECTION}] prefix must end with a colon, found {prefix!r}")
    return Settings(
        sentinels=tuple(_address(seed, where) for seed in required("sentinels").split(",")),
        master_name=required("master_name"),
        ca_file=required("ca_file"),
        user=required("user"),
        password=Path(required("password_file")).read_text(encoding="utf-8").strip(),
        prefix=prefix,
        lifetime=_positive(section, "lifetime", WEEK, where),
        retry_seconds=_positive(section, "retry_seconds", 20, where),
    )


def _address(seed: str, where: str) -> tuple[str, int]:
    host, colon, port = seed.strip().rpartition(":")
    if not colon or not host or not port.isdecimal():
        raise SettingsError(f"{where}: [{SECTION}] sentinels must be host:port,host:port, found {seed.strip()!r}")
    return host.strip("[]"), int(port)


def _positive(section: Mapping[str, str], name: str, default: int, where: str) -> int:
    value = section.get(name, str(default)).strip()
    if not value.isdecimal() or int(value) == 0:
        raise SettingsError(f"{where}: [{SECTION}] {name} must be a whole number above 0, found {value!r}")
    return int(value)
