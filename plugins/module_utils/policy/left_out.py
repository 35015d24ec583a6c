# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a run that is limited to some hosts may not do to those that it leaves out. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable


def password_objections(instances: Iterable[str], left_out: Collection[str]) -> list[str]:
    """Return why these instances may not get another database password while application nodes are left out."""
    if not left_out:
        return []
    nodes = ", ".join(left_out)
    return [
        f"{name}: expected estate_instance_secrets.{name}.database_password to be what PostgreSQL knows, since --limit "
        f"leaves out {nodes} of group odoo, found another; a password that is set is the only one from then on, and "
        f"{nodes} would open no connection any more. Run without --limit, or with all hosts of group odoo in it. "
        "Nothing of it was changed"
        for name in instances
    ]
