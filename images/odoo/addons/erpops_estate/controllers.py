# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The health page that the edge asks, so that a node that leaves gets no new requests before it stops."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path
from typing import Any

from odoo import http
from odoo.addons.web.controllers.home import Home
from odoo.http import request
from odoo.tools import config

from .drain import draining

# Set by the collection, in the directory that the host shares with the container.
MARK = Path(config["data_dir"]) / "draining"
_started_at = time.time()


def _marked_at() -> float | None:
    try:
        return os.stat(MARK).st_mtime
    except FileNotFoundError:
        return None


class Health(Home):
    """Odoo's own page, which also knows about draining."""

    @http.route()
    def health(self, db_server_status: Any = False) -> Any:
        """Answer 503 while draining; requests in flight are finished all the same."""
        if draining(_marked_at(), _started_at, time.time()):
            headers = [("Content-Type", "application/json"), ("Cache-Control", "no-store")]
            return request.make_response(json.dumps({"status": "draining"}), headers, status=503)
        return super().health(db_server_status)
