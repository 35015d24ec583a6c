# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Give Odoo the store, at the one place where it asks for it."""

from __future__ import annotations

import functools
from typing import Any

from odoo import http
from odoo.tools import config

from . import settings
from .store import RedisSessionStore

# Read now, so that a mistake ends the start and not the first login.
_settings = settings.from_file(config["config"])


def session_store(_application: Any) -> RedisSessionStore:
    """Return the store of this process."""
    return RedisSessionStore(_settings, session_class=http.Session)


_class = type(http.root)
_property = functools.cached_property(session_store)
_property.__set_name__(_class, "session_store")
_class.session_store = _property
# A store that was made before this add-on was loaded must not be found again.
vars(http.root).pop("session_store", None)
