# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Properties are tried with the same data every time: a test that fails, fails again."""

from __future__ import annotations

from hypothesis import settings

settings.register_profile("estate", derandomize=True, database=None, deadline=None)
settings.load_profile("estate")
