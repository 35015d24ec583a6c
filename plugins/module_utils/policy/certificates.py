# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which certificates are due, and why."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

DIRECTORY_MODE = 0o750
KEY_MODE = 0o400
CERTIFICATE_MODE = 0o444


@dataclass(frozen=True)
class Wanted:
    """A certificate as it should be; ``owner`` is the numeric id of the service that reads the key."""

    purpose: str
    owner: int
    names: frozenset[str]
    client: bool = False
    supplied: bool = False


@dataclass(frozen=True)
class Place:
    """Owner, group and mode of a file or directory; all -1 when there is none."""

    owner: int = -1
    group: int = -1
    mode: int = -1


@dataclass(frozen=True)
class Found:
    """A certificate as it is on the host. ``fault`` says why certificate or key could not be read."""

    fault: str = ""
    names: frozenset[str] = frozenset()
    client: bool = False
    signed_by_authority: bool = False
    authority_in_place: bool = False
    key_fits: bool = False
    supplied_in_place: bool = False
    not_after: datetime | None = None
    places: dict[str, Place] = field(default_factory=dict)


def subject_alternative_name(name: str) -> str:
    """Return the name with its kind, as a certificate request wants it."""
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return f"DNS:{name}"
    return f"IP:{name}"


def to_issue(wanted: Wanted, found: Found, now: datetime, renew_before: timedelta) -> tuple[str, ...]:
    """Return why a new certificate has to be issued; nothing when the one in place is good."""
    if wanted.supplied:
        return () if found.supplied_in_place else (f"{wanted.purpose}: the supplied certificate is not in place",)
    if found.fault:
        return (f"{wanted.purpose}: {found.fault}",)
    return tuple(f"{wanted.purpose}: {reason}" for reason in _objections(wanted, found, now, renew_before))


def _objections(wanted: Wanted, found: Found, now: datetime, renew_before: timedelta) -> Iterable[str]:
    if not found.key_fits:
        yield "the certificate does not belong to the private key"
    if not found.signed_by_authority:
        yield "the certificate was not signed by the estate's CA"
    if wanted.names != found.names:
        yield f"expected the names {_listed(wanted.names)}, found {_listed(found.names)}"
    if wanted.client and not found.client:
        yield "the certificate does not serve as a client's"
    if found.not_after is None or found.not_after - now <= renew_before:
        end = found.not_after.date().isoformat() if found.not_after else "no date"
        yield f"it expires on {end}, within {renew_before.days} days"


def misplaced(wanted: Wanted, found: Found) -> tuple[str, ...]:
    """Return which files have other owners or modes than they should, or lack the CA beside them."""
    expected = {
        "directory": Place(0, wanted.owner, DIRECTORY_MODE),
        "tls.key": Place(wanted.owner, wanted.owner, KEY_MODE),
        "tls.crt": Place(wanted.owner, wanted.owner, CERTIFICATE_MODE),
        "ca.crt": Place(wanted.owner, wanted.owner, CERTIFICATE_MODE),
    }
    reasons = [
        f"{wanted.purpose}: {name} expected {_place(place)}, found {_place(found.places.get(name, Place()))}"
        for name, place in expected.items()
        if found.places.get(name, Place()) != place
    ]
    if not found.authority_in_place:
        reasons.append(f"{wanted.purpose}: ca.crt does not hold the CA it should")
    return tuple(reasons)


def _place(place: Place) -> str:
    return f"{place.owner}:{place.group} {place.mode:04o}" if place.mode >= 0 else "nothing"


def _listed(names: frozenset[str]) -> str:
    return ", ".join(sorted(names)) or "none"
