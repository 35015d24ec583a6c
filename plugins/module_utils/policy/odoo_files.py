# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an instance's configuration file tells those who look after it on the same host."""

from __future__ import annotations

from collections.abc import Mapping
from configparser import ConfigParser, Error
from dataclasses import dataclass

SESSIONS = "erpops_session_redis"
# Of a session id, what stays when Odoo rotates it; the add-on's own names are compared with these in the tests.
IDENTIFIER_LENGTH = 42


@dataclass(frozen=True)
class Settings:
    """The part of odoo.conf that says where things are; nothing of it is secret."""

    database: str
    addons_path: str
    # How the container's connections begin their application name.
    application: str
    sentinels: tuple[tuple[str, int], ...]
    master_name: str
    redis_user: str
    redis_password_file: str
    redis_prefix: str
    ca_file: str
    session_lifetime: int


def read(text: str, where: str) -> Settings:
    """Return what this odoo.conf says; a file that is not one of the estate's raises ValueError."""
    parser = ConfigParser(interpolation=None)
    try:
        parser.read_string(text)
        options, sessions = parser["options"], parser[SESSIONS]
        return Settings(
            database=options["db_name"],
            addons_path=options["addons_path"],
            application=options["db_app_name"].removesuffix("{pid}"),
            sentinels=tuple(_address(seed) for seed in sessions["sentinels"].split(",")),
            master_name=sessions["master_name"],
            redis_user=sessions["user"],
            redis_password_file=sessions["password_file"],
            redis_prefix=sessions["prefix"],
            ca_file=sessions["ca_file"],
            session_lifetime=int(sessions["lifetime"]),
        )
    except (Error, KeyError, ValueError) as error:
        # Messages of configparser show lines of the file, and those may be secret.
        found = f"no {error.args[0]}" if isinstance(error, KeyError) else type(error).__name__
        raise ValueError(f"{where}: expected the configuration of an instance of the estate, found {found}") from None


def variables(environment: list[str]) -> Mapping[str, str]:
    """Return a container's environment by name, without what belongs to the image."""
    pairs = (entry.partition("=") for entry in environment)
    return {name: value for name, _equals, value in pairs if name.startswith(("PG", "AWS_"))}


def published(ports: Mapping[str, list[Mapping[str, str]] | None], port: int) -> tuple[str, int] | None:
    """Return address and port at which the engine publishes a container's port, as it describes them."""
    bindings = ports.get(f"{port}/tcp")
    return (bindings[0]["HostIp"], int(bindings[0]["HostPort"])) if bindings else None


def saved_key(settings: Settings) -> str:
    """Return the name in Redis of all session ids by the time they were saved last."""
    return f"{settings.redis_prefix}saved"


def session_keys(settings: Settings, sid: str) -> tuple[str, str]:
    """Return the names in Redis of a session and of the set of ids that share its beginning."""
    return f"{settings.redis_prefix}session:{sid}", f"{settings.redis_prefix}sids:{sid[:IDENTIFIER_LENGTH]}"


def _address(seed: str) -> tuple[str, int]:
    host, _colon, port = seed.strip().rpartition(":")
    return host.strip("[]"), int(port)
