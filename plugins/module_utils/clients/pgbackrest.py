# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""pgBackRest, run in the container of the database it backs up."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping, Sequence
from configparser import ConfigParser, ParsingError
from dataclasses import dataclass
from typing import Any

from ansible_collections.erpops.estate.plugins.module_utils.clients import guard
from ansible_collections.erpops.estate.plugins.module_utils.clients.errors import (
    MissingFile,
    Refused,
    TimedOut,
)
from ansible_collections.erpops.estate.plugins.module_utils.clients.s3_lock import Login

PATIENCE_SECONDS = 120
# A question waits less than a backup would; a store that is down is found out within a minute.
QUESTION_IO_SECONDS = 5


CONFIGURATION = "/etc/erpops/pgbackrest/pgbackrest.conf"
# Of all that stands in the file only these are read: the others are keys and passphrases.
SHOWN = (
    "repo1-type",
    "repo1-path",
    "repo1-s3-bucket",
    "repo1-s3-endpoint",
    "repo1-storage-port",
    "repo1-cipher-type",
    "repo1-retention-full",
    "repo1-retention-full-type",
    "repo1-retention-diff",
    "repo1-retention-archive",
    "archive-push-queue-max",
)


@dataclass(frozen=True)
class Configuration:
    """What the configuration on this host says in the open: its stanzas, and settings that are no secrets."""

    stanzas: tuple[str, ...]
    settings: Mapping[str, str]


def store_login(path: str = CONFIGURATION) -> Login | None:
    """Return how pgBackRest enters its bucket; None where the repository is in none."""
    shared = _parsed(path)["global"]
    if shared.get("repo1-type") != "s3":
        return None
    return Login(
        host=shared.get("repo1-s3-endpoint", ""),
        port=int(shared.get("repo1-storage-port", "443")),
        bucket=shared.get("repo1-s3-bucket", ""),
        region=shared.get("repo1-s3-region", ""),
        ca_file=shared.get("repo1-storage-ca-file", ""),
        access_key=shared.get("repo1-s3-key", ""),
        secret_key=shared.get("repo1-s3-key-secret", ""),
        by_path=shared.get("repo1-s3-uri-style") == "path",
    )


def configuration(path: str = CONFIGURATION) -> Configuration:
    """Read the configuration of this host."""
    parser = _parsed(path)
    stanzas = tuple(name for name in parser.sections() if name.partition(":")[0] != "global")
    return Configuration(stanzas, {name: parser["global"][name] for name in SHOWN if name in parser["global"]})


def _parsed(path: str) -> ConfigParser:
    parser = ConfigParser(interpolation=None, delimiters=("=",))
    try:
        with open(path, encoding="utf-8") as stream:
            parser.read_file(stream)
    except (OSError, ParsingError) as error:
        # What the parser complains of may hold a line with a key.
        raise MissingFile(
            "pgBackRest's configuration on this host",
            expected=path,
            found=str(error) if isinstance(error, OSError) else "a file that is no configuration",
            remedy="run this on a member of PostgreSQL, and the role backup first",
        ) from None
    if not parser.has_section("global"):
        parser.add_section("global")
    return parser


class PgbackrestClient:
    """One stanza, seen from one member."""

    def __init__(self, stanza: str, *, container: str = "patroni") -> None:
        self.what = f"pgBackRest stanza {stanza}"
        self._stanza = stanza
        self._container = container

    def info(self) -> Mapping[str, Any]:
        """Return what the repository holds of the stanza: status, backups and archive."""
        output = self._run("info", "--output=json", f"--io-timeout={QUESTION_IO_SECONDS}")
        try:
            stanzas: Sequence[Mapping[str, Any]] = json.loads(output)
        except ValueError:
            raise Refused(self.what, expected="an answer in JSON", found=output[:500]) from None
        for entry in stanzas:
            if entry.get("name") == self._stanza:
                return entry
        raise Refused(self.what, expected="the stanza in the answer", found=output[:500])

    def stanza_create(self) -> None:
        """Make the stanza in the repository; only where the leader runs."""
        guard.about_to_write(self.what, "stanza-create")
        self._run("stanza-create")

    def check(self) -> None:
        """Have a segment of WAL archived and wait until it has arrived in the repository."""
        guard.about_to_write(self.what, "a segment of WAL archived")
        self._run("check")

    def _run(self, command: str, *options: str) -> str:
        what = f"{self.what}, {command}"
        arguments = ["docker", "exec", self._container, "pgbackrest", f"--stanza={self._stanza}"]
        arguments += ["--log-level-console=off", "--log-level-stderr=warn", *options, command]
        try:
            done = subprocess.run(arguments, capture_output=True, text=True, timeout=PATIENCE_SECONDS, check=False)
        except subprocess.TimeoutExpired as error:
            raise TimedOut(what, expected=f"an end within {PATIENCE_SECONDS} s", found="none") from error
        except OSError as error:
            raise Refused(what, expected="the docker command on this host", found=str(error)) from error
        if done.returncode != 0:
            raise Refused(
                what,
                expected="exit status 0",
                found=f"{done.returncode}: {(done.stderr or done.stdout).strip()[-2000:]}",
                remedy="see /etc/erpops/pgbackrest/pgbackrest.conf on this host and the object store it names",
            )
        return done.stdout
