# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The hash that Odoo 19 (passlib) accepted for this password."""

from __future__ import annotations

from ansible_collections.erpops.estate.plugins.filter.odoo_master_password import odoo_master_password

ACCEPTED = (
    "$pbkdf2-sha512$25000$uX73s3IYjMpXI/CG4e4txw$"
    "QzbBFNvNgnQcXuqqD4mAzibyW73K2o8vMkQBIqJvTRInhwkT825ZNAMQiBMZeNRHI.VkYseVLJF6MAi5ZMYJ4A"
)


def test_the_hash_is_odoos_and_always_the_same() -> None:
    assert odoo_master_password("secret", "north") == ACCEPTED


def test_two_instances_with_one_password_differ() -> None:
    assert odoo_master_password("secret", "south") != ACCEPTED
