# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Keep Odoo's HTTP sessions in Redis. List this add-on in ``server_wide_modules``."""

from __future__ import annotations

# Odoo goes on with sessions in files when a server-wide add-on raises an Exception, and users are then
# thrown out at random by the other application nodes. SystemExit is no Exception: the process ends instead.
try:
    from . import controllers, patch
except Exception as error:
    raise SystemExit(f"erpops_session_redis: {error}") from error

__all__ = ["controllers", "patch"]
