# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether this process should get no new requests, because its container is about to be replaced. Pure."""

from __future__ import annotations

# Whoever marks a container stops it within moments. Should that not happen, the container serves again by itself.
LEASE_SECONDS = 120


def draining(marked_at: float | None, started_at: float, now: float) -> bool:
    """Return whether a mark holds: it was set on this process, not on the one before it, and has not expired."""
    return marked_at is not None and started_at < marked_at and now - marked_at < LEASE_SECONDS
