# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the estate asks a web process about its sessions."""

from __future__ import annotations

import json
from typing import Any

import redis
from odoo import http
from odoo.http import request

from .store import RedisSessionStore

PROBE_SECONDS = 2.0


class SessionHealth(http.Controller):
    """Tell whether sessions reach Redis."""

    @http.route("/erpops/health/sessions", type="http", auth="none", methods=["GET"], save_session=False)
    def sessions(self) -> Any:
        """Answer 200 when a session could be written now. Only asked on the application plane."""
        if "X-Forwarded-For" in request.httprequest.headers:
            raise request.not_found()
        store = http.root.session_store
        if not isinstance(store, RedisSessionStore):
            return _answer({"status": "fail", "store": type(store).__name__}, 500)
        try:
            master = store.probe(PROBE_SECONDS)
        except redis.exceptions.RedisError as error:
            return _answer({"status": "fail", "store": "redis", "error": str(error)}, 503)
        return _answer({"status": "pass", "store": "redis", "master": master}, 200)


def _answer(body: dict[str, str], status: int) -> Any:
    headers = [("Content-Type", "application/json"), ("Cache-Control", "no-store")]
    return request.make_response(json.dumps(body), headers, status=status)
