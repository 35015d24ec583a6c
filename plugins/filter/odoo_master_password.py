# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The hash of Odoo's master password, as Odoo keeps it."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable
from typing import Any

DOCUMENTATION = r"""
name: odoo_master_password
short_description: Hash a master password as Odoo does
version_added: 0.1.0
description:
  - Returns the PBKDF2-SHA512 hash that Odoo expects in C(admin_passwd).
  - The same password and instance give the same hash, so that a configuration file changes only when they do.
    The salt comes from both; the password is meant to be long and random, so few rounds are enough.
options:
  _input:
    description: The password.
    type: str
    required: true
  instance:
    description: Name of the instance.
    type: str
    required: true
author:
  - erpops.estate contributors (@erpops)
"""

EXAMPLES = r"""
admin_passwd: "{{ estate_instance_secrets.north.master_password | erpops.estate.odoo_master_password('north') }}"
"""

RETURN = r"""
_value:
  description: The hash.
  type: str
"""

ROUNDS = 25000


def odoo_master_password(password: str, instance: str) -> str:
    """Return the hash in the modular crypt format of passlib."""
    salt = hashlib.sha256(f"erpops.estate/{instance}/{password}".encode()).digest()[:16]
    digest = hashlib.pbkdf2_hmac("sha512", password.encode(), salt, ROUNDS)
    return f"$pbkdf2-sha512${ROUNDS}${_encoded(salt)}${_encoded(digest)}"


def _encoded(raw: bytes) -> str:
    return base64.b64encode(raw, altchars=b"./").decode().rstrip("=")


class FilterModule:
    """The filter by name."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Return what Jinja2 may call."""
        return {"odoo_master_password": odoo_master_password}
