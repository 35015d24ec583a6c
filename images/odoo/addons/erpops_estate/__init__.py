# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the estate adds to Odoo's server: list this add-on in ``server_wide_modules``.

A container that is about to be replaced says so on its health page (``controllers``). A request that comes while
PostgreSQL changes its leader waits instead of losing its login (``outage``), and so do those behind it (``prefork``),
of which none is begun whose user is gone by then (``hung_up``);
one that it meets half way is run again, or its outcome said to be unknown (``again``, ``commits``). A session's
cookie never leaves in plain text (``cookies``).
"""

from __future__ import annotations

from . import controllers, cookies, outage, prefork

__all__ = ["controllers", "cookies", "outage", "prefork"]
