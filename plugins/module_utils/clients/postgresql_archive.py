# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a member of PostgreSQL says of the WAL it has still to hand over. Reads only."""

from __future__ import annotations

from ansible_collections.erpops.estate.plugins.module_utils.clients.odoo_database import Database
from ansible_collections.erpops.estate.plugins.module_utils.health.wal_archive import Queue

# A segment has a file ``.ready`` from its end until archive_command has succeeded for it.
QUEUE = """
SELECT count(*), coalesce(extract(epoch FROM min(modification)), 0)::float8,
       extract(epoch FROM clock_timestamp())::float8,
       (SELECT setting::int FROM pg_settings WHERE name = 'archive_timeout'),
       (SELECT CASE WHEN last_failed_time > coalesce(last_archived_time, '-infinity') THEN last_failed_wal END
        FROM pg_stat_archiver)
FROM pg_ls_archive_statusdir() WHERE name LIKE '%.ready'
"""


def queue(database: Database) -> Queue | None:
    """Return what waits on the member; None on a standby, which hands nothing over."""
    if database.rows("SELECT pg_is_in_recovery()")[0][0]:
        return None
    segments, oldest, now, timeout, failed = database.rows(QUEUE)[0]
    return Queue(int(segments), float(oldest), float(now), int(timeout), failed or "")
