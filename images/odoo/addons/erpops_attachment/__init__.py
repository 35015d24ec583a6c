# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Attachments in the bucket while the bucket is away."""

from __future__ import annotations

from . import ir_attachment, patience

__all__ = ["ir_attachment", "patience"]
