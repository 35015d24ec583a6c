# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Installs and upgrades modules in a container of the image's own, and never lets users wait for it for long.

Two bounds hold. PostgreSQL gives the upgrade a lock within ``lock_timeout`` or ends its statement: whoever waits
behind a lock that is waited for waits as well. And somebody watches: once the upgrade has made any other connection
wait for longer than ``block_limit``, its connections are ended and its transaction is rolled back.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from ansible_collections.erpops.estate.plugins.module_utils.clients import odoo_command
from ansible_collections.erpops.estate.plugins.module_utils.clients.errors import Refused
from ansible_collections.erpops.estate.plugins.module_utils.clients.odoo_database import Database
from ansible_collections.erpops.estate.plugins.module_utils.clients.odoo_host import OdooHost

# The lock that converging a database takes as well, in the image's own command.
LOCK = 7291044175561

# Who has been waiting for the upgrade for how long, and with what. The server hides statements of other roles.
WAITING = """
SELECT w.application_name, extract(epoch FROM clock_timestamp() - min(l.waitstart)), left(w.query, 120)
FROM pg_locks l JOIN pg_stat_activity w ON w.pid = l.pid
WHERE NOT l.granted AND w.datname = current_database() AND w.application_name NOT LIKE %s
  AND EXISTS (SELECT FROM pg_stat_activity u WHERE u.pid = ANY(pg_blocking_pids(w.pid)) AND u.application_name LIKE %s)
GROUP BY w.application_name, w.query ORDER BY 2 DESC LIMIT 1
"""
END = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = current_user AND application_name LIKE %s"


@dataclass
class Watcher:
    """Sees who waits for the upgrade, and ends it when somebody waits too long."""

    database: Database
    application: str
    block_limit: float
    longest: float = 0.0
    ended: str = ""

    def __call__(self) -> None:
        """Look once."""
        for who, seconds, query in self.database.rows(WAITING, f"{self.application}%", f"{self.application}%"):
            # A wait that has just begun has no start yet.
            self.longest = max(self.longest, float(seconds or 0))
            if self.longest > self.block_limit and not self.ended:
                self.ended = f"{who or 'a connection'} waiting for {self.longest:.1f} s with: {' '.join(query.split())}"
                self.database.rows(END, f"{self.application}%")


def change(
    host: OdooHost,
    *,
    install: Sequence[str],
    upgrade: Sequence[str],
    image: str,
    lock_timeout: int,
    block_limit: int,
    timeout: int,
) -> float:
    """Install and upgrade; return for how many seconds somebody waited for it at most."""
    what = f"upgrade of {host.name}"
    application = f"{host.name}/upgrade/"
    odoo = host.command(
        what, image=image, environment={"PGOPTIONS": f"-c lock_timeout={lock_timeout}s", "PGAPPNAME": application}
    )
    command = ["odoo", "-c", f"{odoo.config_target}/web.conf", f"--db_app_name={application}{{pid}}"]
    command += ["--no-http", "--workers=0", "--max-cron-threads=0", "--stop-after-init"]
    command += [f"-i{','.join(install)}"] if install else []
    command += [f"-u{','.join(upgrade)}"] if upgrade else []
    with _alone(host, what) as database:
        watcher = Watcher(database, application, block_limit)
        try:
            odoo_command.execute(odoo, command, timeout=timeout, meanwhile=watcher)
        except Refused as error:
            if watcher.ended:
                raise Refused(
                    what,
                    expected=f"nobody to wait for it for more than {block_limit} s",
                    found=watcher.ended,
                    remedy="it was ended and rolled back; run it again when there is less to do, or raise block_limit",
                ) from None
            if "LockNotAvailable" in error.found or "lock timeout" in error.found:
                raise Refused(
                    what,
                    expected=f"every lock within {lock_timeout} s",
                    found=_last(error.found, "lock timeout"),
                    remedy="it was rolled back; see who holds locks for long in pg_stat_activity and run it again",
                ) from None
            raise
    return watcher.longest


@contextmanager
def _alone(host: OdooHost, what: str) -> Iterator[Database]:
    with host.database() as database:
        if not database.rows("SELECT pg_try_advisory_lock(%s)", LOCK)[0][0]:
            raise Refused(
                what, expected="nobody else to work on the database", found="another run", remedy="run it again later"
            )
        yield database


def _last(log: str, words: str) -> str:
    lines = [line.strip() for line in log.splitlines() if words in line]
    return lines[-1] if lines else log[-300:]
