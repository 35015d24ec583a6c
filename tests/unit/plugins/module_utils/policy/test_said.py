# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from ansible_collections.erpops.estate.plugins.module_utils.policy.said import said

VARIABLES = {"n1": {}, "n2": {"port": 0}, "n3": {"port": 8009}}


def test_the_first_that_says_anything_speaks() -> None:
    assert said(["n1", "n2", "n3"], VARIABLES, "port", 1) == 0
    assert said(["n3", "n2"], VARIABLES, "port") == 8009


def test_where_nobody_does_it_is_as_given() -> None:
    assert said(["n1"], VARIABLES, "port", 1) == 1
    assert said([], VARIABLES, "port") is None
