# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Makes a database of an instance from another one or from a dump, and drops databases.

A copy is made under a name that nobody uses. Its attachments are in a bucket of its own, it has an identity of its own
and sends nothing to anybody before it gets its name: whoever finds it by that name finds it whole.
"""

from __future__ import annotations

import shlex
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from ansible_collections.erpops.estate.plugins.module_utils.clients import odoo_command, odoo_pause, odoo_tenant
from ansible_collections.erpops.estate.plugins.module_utils.clients.errors import MissingFile, Refused
from ansible_collections.erpops.estate.plugins.module_utils.clients.odoo_database import Database
from ansible_collections.erpops.estate.plugins.module_utils.clients.odoo_objects import ObjectClient
from ansible_collections.erpops.estate.plugins.module_utils.clients.odoo_records import has_table
from ansible_collections.erpops.estate.plugins.module_utils.policy import odoo_copy as policy

DIRECTORY = "/etc/erpops/copy"
DUMP = "/run/erpops/dump"
# The dump's owner on the host is root, and so is who reads it in the container: without any capability.
ROOT = 0
RESTORE = (
    "pg_restore --no-owner --no-privileges --no-comments --exit-on-error --single-transaction --dbname 'service=target'"
)

STORED = "SELECT DISTINCT store_fname FROM ir_attachment WHERE store_fname LIKE '%://%'"
BUCKETS = "SELECT DISTINCT directory_path FROM fs_storage WHERE protocol = 's3'"
# By Odoo's own list of what a copy may not share, but for the address: that is given.
IDENTITY = """
UPDATE ir_config_parameter SET value = CASE key
    WHEN 'database.uuid' THEN %s WHEN 'database.secret' THEN %s
    WHEN 'database.create_date' THEN to_char(now() AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS') ELSE %s END
WHERE key IN ('database.uuid', 'database.secret', 'database.create_date', 'web.base.url')
"""
# What is still owed would be sent a second time: none of its modules neutralises the queue.
CANCEL_JOBS = """
UPDATE queue_job SET state = 'cancelled', date_cancelled = now() AT TIME ZONE 'UTC'
WHERE state IN ('wait_dependencies', 'pending', 'enqueued', 'started')
"""
NEUTRALISED = "SELECT 1 FROM ir_config_parameter WHERE key = 'database.is_neutralized' AND value = 'true'"


@dataclass(frozen=True)
class Target:
    """The instance that gets the copy."""

    tenant: odoo_tenant.Tenant
    bucket: str
    url: str
    neutralise: bool = True


@dataclass(frozen=True)
class Server:
    """The leader, and how the superuser gets into its databases."""

    administration: Database
    connect: Callable[[str], Database]
    port: int
    ca_file: str
    user: str
    password: str = field(repr=False)

    def login(self, database: str) -> dict[str, str]:
        """Return the files by which the superuser gets in: instances may enter what the inventory gives them alone."""
        escaped = self.password.replace("\\", "\\\\").replace(":", "\\:")
        service = (
            f"[target]\nhost={self.administration.host}\nport={self.port}\nuser={self.user}\ndbname={database}\n"
            f"passfile={DIRECTORY}/pgpass\nsslmode=verify-full\nsslrootcert={self.ca_file}\nconnect_timeout=5\n"
        )
        return {"pg_service.conf": service, "pgpass": f"*:*:*:{self.user}:{escaped}\n"}

    def databases(self) -> dict[str, str]:
        """Return owners by database."""
        rows = self.administration.rows("SELECT datname, pg_get_userbyid(datdba) FROM pg_database")
        return {str(name): str(owner) for name, owner in rows}

    def connections(self, database: str) -> list[str]:
        """Return who is connected."""
        rows = self.administration.rows(
            "SELECT coalesce(nullif(application_name, ''), usename::text, 'somebody') FROM pg_stat_activity"
            " WHERE datname = %s AND pid <> pg_backend_pid()",
            database,
        )
        return [str(who) for (who,) in rows]

    def note(self, database: str) -> str:
        """Return what a database says of itself."""
        rows = self.administration.rows(
            "SELECT shobj_description(oid, 'pg_database') FROM pg_database WHERE datname = %s", database
        )
        return str(rows[0][0] or "") if rows else ""

    def drop(self, database: str) -> None:
        """Drop a database; connections that came meanwhile keep it."""
        self.administration.run(f"DROP DATABASE IF EXISTS {self.administration.quoted(database)}")

    def drop_role(self, name: str) -> bool:
        """Drop the role unless it owns another database."""
        if name in self.databases().values():
            return False
        self.administration.run(f"DROP ROLE IF EXISTS {self.administration.quoted(name)}")
        return True


@dataclass(frozen=True)
class Tools:
    """Where the programs come from: the image of Odoo has those of PostgreSQL as well."""

    image: str
    addons_path: str
    timeout: int

    def run(self, what: str, command: list[str], files: dict[str, str], mounts: dict[str, str]) -> None:
        """Run a command with these files beside it; passwords are in none of its words."""
        environment = {
            "PGSERVICEFILE": f"{DIRECTORY}/pg_service.conf",
            "PGSERVICE": "target",
            "HOME": odoo_command.EXCHANGE,
        }
        # The administrator is let in from the hosts' own addresses; a container's own one shows to a leader beside it.
        odoo = odoo_command.Odoo(what, self.image, ROOT, DIRECTORY, files, mounts, environment, network="host")
        odoo_command.execute(odoo, command, timeout=self.timeout)


@dataclass
class Copy:
    """One copy on its way; ``fill`` is the command that writes the dump to its standard output."""

    server: Server
    tools: Tools
    store: ObjectClient
    origin: policy.Origin
    target: Target
    fill: str
    files: dict[str, str] = field(repr=False)
    mounts: dict[str, str] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """Return the name that the copy has until it is whole."""
        return policy.unfinished(self.target.tenant.database)

    def objections(self) -> list[str]:
        """Return why it may not be made."""
        bucket, buckets = self.target.bucket, self.store.buckets()
        return policy.copy_objections(
            self.origin,
            self.target.tenant.database,
            bucket,
            buckets=buckets,
            begun=self.server.note(self.name) == bucket,
            objects=len(self.store.objects(bucket)) if bucket in buckets else 0,
        )

    def plan(self) -> list[str]:
        """Return what :meth:`make` will do."""
        objects = policy.to_copy(self.store.objects(self.origin.bucket), self.store.objects(self.target.bucket))
        return self._steps(len(objects))

    def _steps(self, objects: int) -> list[str]:
        database = self.target.tenant.database
        neutral = [f"database {database}: neutralised"] if self.target.neutralise else []
        return [
            f"bucket {self.target.bucket}: {objects} objects copied from {self.origin.bucket}",
            f"database {database}: filled from {self.origin.what}",
            f"database {database}: given an identity, and {self.target.bucket} for its attachments",
            *neutral,
            f"database {database}: given its name",
        ]

    def make(self) -> list[str]:
        """Make the copy and return what was done."""
        database = self.target.tenant.database
        self._begin()
        # Most objects first: it takes longest, and the original may delete while it does.
        copied = self._objects()
        what = f"copy of {self.origin.what} to {database}"
        role = shlex.quote(self.target.tenant.name)
        script = f"set -o pipefail; {self.fill} | {RESTORE} --role {role} --dbname service=target"
        self.tools.run(what, ["bash", "-c", script], self._files(), self.mounts)
        self._own()
        if self.target.neutralise:
            neutralise(self.tools, self._files(), self.mounts, self.name)
        copied += self._objects()
        self._complete()
        admin = self.server.administration
        admin.run(f"COMMENT ON DATABASE {admin.quoted(self.name)} IS NULL")
        admin.run(f"ALTER DATABASE {admin.quoted(self.name)} RENAME TO {admin.quoted(database)}")
        return self._steps(copied)

    def _begin(self) -> None:
        """Make the empty database; it says whose bucket is filled, should this run be cut off."""
        admin, tenant = self.server.administration, self.target.tenant
        self.server.drop(self.name)
        own = odoo_tenant.Tenant(tenant.name, self.name, tenant.password)
        odoo_tenant.converge(admin, [own], self.server.connect, check=False)
        admin.run(f"COMMENT ON DATABASE {admin.quoted(self.name)} IS %s", self.target.bucket)

    def _objects(self) -> int:
        source, target = self.origin.bucket, self.target.bucket
        keys = policy.to_copy(self.store.objects(source), self.store.objects(target))
        self.store.copy(source, target, keys)
        return len(keys)

    def _own(self) -> None:
        with self.server.connect(self.name) as database:
            database.run("UPDATE fs_storage SET directory_path = %s WHERE protocol = 's3'", self.target.bucket)
            # What the original still wants to delete is the original's.
            database.run("DELETE FROM fs_file_gc")
            database.run(IDENTITY, str(uuid.uuid4()), str(uuid.uuid4()), self.target.url)
            odoo_pause.end(database)
            if self.target.neutralise:
                quieten(database)

    def _complete(self) -> None:
        with self.server.connect(self.name) as database:
            stored = [str(name) for (name,) in database.rows(STORED)]
        lost = policy.missing(stored, self.store.objects(self.target.bucket))
        if lost:
            raise Refused(
                f"copy of {self.origin.what}",
                expected=f"every attachment in the bucket {self.target.bucket}",
                found=f"{len(lost)} of {len(stored)} missing, as {lost[0]}",
                remedy="for a copy of a database run it again; for a dump name the bucket that belongs to it",
            )

    def _files(self) -> dict[str, str]:
        files = self.server.login(self.name)
        return {
            **self.files,
            **files,
            "pg_service.conf": files["pg_service.conf"] + self.files.get("pg_service.conf", ""),
        }


def from_database(service_file: str, service: str, database: str) -> tuple[str, dict[str, str]]:
    """Return how another instance's database is read, as that instance: command and files."""
    text = Path(service_file).read_text(encoding="utf-8")
    passfile = next(line.partition("=")[2] for line in text.splitlines() if line.startswith("passfile="))
    files = {
        "pg_service.conf": text.replace(f"[{service}]", "[source]").replace(passfile, f"{DIRECTORY}/source.pgpass"),
        "source.pgpass": Path(passfile).read_text(encoding="utf-8"),
    }
    connection = shlex.quote(f"service=source dbname={database}")
    return f"pg_dump --format custom --no-owner --no-privileges --dbname {connection}", files


def from_dump(path: str) -> tuple[str, dict[str, str]]:
    """Return how a dump is read: command and mounts."""
    try:
        with open(path, "rb") as stream:
            head = stream.read(5)
    except OSError as error:
        raise MissingFile(f"dump {path}", expected="a file on this host", found=str(error.strerror)) from None
    if head != b"PGDMP":
        raise Refused(
            f"dump {path}",
            expected="one in PostgreSQL's custom format",
            found="another file",
            remedy="make it with pg_dump --format custom; files in an archive of Odoo's belong in a bucket here",
        )
    return f"cat {DUMP}", {path: f"{DUMP}:ro"}


def neutralised(database: Database) -> bool:
    """Return whether Odoo says so of this database."""
    return bool(database.rows(NEUTRALISED))


def quieten(database: Database) -> None:
    """Take from a database what Odoo's own neutralisation leaves: jobs that are owed, and pauses that would end."""
    odoo_pause.forget(database)
    if has_table(database, "queue_job"):
        database.run(CANCEL_JOBS)


def neutralise(tools: Tools, files: dict[str, str], mounts: dict[str, str], database: str) -> None:
    """Let Odoo switch off what a copy would send to the outside: mail, scheduled actions, and what its modules add."""
    command = ["odoo", "neutralize", f"--addons-path={tools.addons_path}", "-d", database, "--db_sslmode=verify-full"]
    tools.run(f"neutralisation of {database}", [*command, f"--data-dir={odoo_command.EXCHANGE}"], files, mounts)
