# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# ruff: noqa: B018 - Odoo reads this file as one expression
{
    "name": "Sessions in Redis through Sentinel",
    "summary": "Keep HTTP sessions in Redis, so that every application node serves every user",
    "version": "19.0.1.0.0",
    "category": "Hidden",
    "license": "GPL-3",
    "author": "erpops.estate contributors",
    "depends": ["web"],
    "external_dependencies": {"python": ["redis"]},
    # Loaded server-wide (server_wide_modules), never installed in a database.
    "installable": False,
}
