# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Cookies of a request that came over TLS are sent back over TLS alone; Odoo itself leaves that to nobody."""

from __future__ import annotations

from typing import Any

from odoo import http

_set_cookie = http.FutureResponse.set_cookie


def set_cookie(response: Any, key: str, value: str = "", **options: Any) -> None:
    """Set the cookie as Odoo does, and mark it where the edge says that its client speaks TLS."""
    if http.request.httprequest.scheme == "https":
        options["secure"] = True
    _set_cookie(response, key, value, **options)


http.FutureResponse.set_cookie = set_cookie
