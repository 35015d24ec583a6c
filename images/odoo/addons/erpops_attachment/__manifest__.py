# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# ruff: noqa: B018 - Odoo reads this file as one expression
{
    "name": "Attachments of the estate",
    "summary": "An object store that is away is told to users, soon and in words",
    "version": "19.0.1.0.0",
    "category": "Hidden",
    "license": "GPL-3",
    "author": "erpops.estate contributors",
    "depends": ["fs_attachment_s3"],
    "installable": True,
}
