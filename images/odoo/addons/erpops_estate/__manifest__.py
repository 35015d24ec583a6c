# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# ruff: noqa: B018 - Odoo reads this file as one expression
{
    "name": "Command of the estate",
    "summary": "odoo estate: bring one database to what the inventory asks for",
    "version": "19.0.1.0.0",
    "category": "Hidden",
    "license": "GPL-3",
    "author": "erpops.estate contributors",
    "depends": ["web"],
    # Offers a command (cli/estate.py) and is loaded server-wide; never installed in a database.
    "installable": False,
}
