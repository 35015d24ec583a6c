# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How long a request waits for the object store before its user is told.

s3fs tries five times what botocore under it tries five times: minutes, in which a worker serves nobody. Twice is left
(``max_attempts`` of the configuration that botocore reads), which outlives a hiccup of the store: whoever meets one
that hangs waits some ``2 * READ_SECONDS`` at most.
"""

from __future__ import annotations

from s3fs import S3FileSystem

CONNECT_SECONDS, READ_SECONDS = 3, 10

S3FileSystem.connect_timeout = CONNECT_SECONDS
S3FileSystem.read_timeout = READ_SECONDS
S3FileSystem.retries = 1
