# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The planes of an estate, and which address a host has on one of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

PLANES = ("edge", "application", "data", "management")
# Every variable that holds an address of a host; the first serves each plane that has none of its own.
ADDRESSES = ("estate_address", *(f"estate_{plane}_address" for plane in PLANES))


def address(variables: Mapping[str, Any], host: str, plane: str) -> str:
    """Return a host's address on a plane, as the defaults of the role estate say it for the host itself."""
    return next((str(variables[name]) for name in sources(plane) if name in variables), host)


def sources(plane: str) -> tuple[str, ...]:
    """Return the variables that say an address on a plane: the first that a host has does."""
    if plane not in PLANES:
        raise ValueError(f"there is no plane {plane!r}; known are {', '.join(PLANES)}")
    return (f"estate_{plane}_address", "estate_address", "ansible_host")


def service_address(variables: Mapping[str, Any], host: str, plane: str, variable: str) -> str:
    """Return the address that ``variable`` names for a service on a host, else the host's own on the plane."""
    return str(variables[variable]) if variable in variables else address(variables, host, plane)
