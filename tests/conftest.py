# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Makes this checkout importable as the collection it is."""

from __future__ import annotations

import sys

from hypothesis import settings
from hypothesis.configuration import set_hypothesis_home_dir

from tests.lab import paths

REPOSITORY = paths.ROOT
SOURCE = paths.SOURCE_TREE

paths.link_source()
if str(SOURCE) not in sys.path:
    sys.path.insert(0, str(SOURCE))

# What it finds out about this Python is kept with the lab's things.
set_hypothesis_home_dir(paths.LAB / "hypothesis")
# The same examples at every run; `--hypothesis-profile=default` tries others.
settings.register_profile("repeatable", derandomize=True, database=None, deadline=None)
settings.load_profile("repeatable")
