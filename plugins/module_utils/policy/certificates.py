# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which certificates are due, and why; when a CA may begin to sign and when it may go."""

from __future__ import annotations

import ipaddress
from collections.abc import Collection, Iterable, Iterator, Mapping
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
    """A certificate as it is on the host. ``fault`` says why certificate or key could not be read.

    ``signer`` is the fingerprint of the CA that signed it, among those that are or will be trusted; "" for another.
    """

    fault: str = ""
    names: frozenset[str] = frozenset()
    client: bool = False
    signer: str = ""
    authorities_in_place: bool = False
    key_fits: bool = False
    supplied_in_place: bool = False
    not_after: datetime | None = None
    places: dict[str, Place] = field(default_factory=dict)


@dataclass(frozen=True)
class Authorities:
    """The CAs by fingerprint: which one signs, which ones ca.crt should hold and which it holds now.

    ``names`` has what people call them. ``unread`` are the services that have not read ca.crt since it was changed.
    """

    signer: str
    trusted: frozenset[str]
    in_place: frozenset[str]
    names: Mapping[str, str] = field(default_factory=dict)
    unread: tuple[str, ...] = ()

    def name(self, fingerprint: str) -> str:
        """Return what a person calls this CA."""
        return self.names.get(fingerprint, fingerprint[:16])


def subject_alternative_name(name: str) -> str:
    """Return the name with its kind, as a certificate request wants it."""
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return f"DNS:{name}"
    return f"IP:{name}"


def covers(names: Iterable[str], wanted: str) -> bool:
    """Return whether a certificate with these names serves the wanted one; a star stands for one label."""
    wanted = wanted.lower()
    rest = wanted.partition(".")[2]
    return any(name.lower() == wanted or (rest and name.lower() == f"*.{rest}") for name in names)


def to_issue(wanted: Wanted, found: Found, now: datetime, renew_before: timedelta, signer: str = "") -> tuple[str, ...]:
    """Return why a new certificate has to be issued by ``signer``; nothing when the one in place is good."""
    if wanted.supplied:
        return () if found.supplied_in_place else (f"{wanted.purpose}: the supplied certificate is not in place",)
    if found.fault:
        return (f"{wanted.purpose}: {found.fault}",)
    return tuple(f"{wanted.purpose}: {reason}" for reason in _objections(wanted, found, now, renew_before, signer))


def _objections(wanted: Wanted, found: Found, now: datetime, renew_before: timedelta, signer: str) -> Iterator[str]:
    if not found.key_fits:
        yield "the certificate does not belong to the private key"
    if not signer or found.signer != signer:
        yield "the certificate was not signed by the CA that signs for the estate"
    if wanted.names != found.names:
        yield f"expected the names {_listed(wanted.names)}, found {_listed(found.names)}"
    if wanted.client and not found.client:
        yield "the certificate does not serve as a client's"
    if found.not_after is None or found.not_after - now <= renew_before:
        end = found.not_after.date().isoformat() if found.not_after else "no date"
        yield f"it expires on {end}, within {renew_before.days} days"


def hasty(authorities: Authorities, found: Mapping[str, Found]) -> tuple[str, ...]:
    """Return why the CAs may not change like this yet: services would meet certificates that they do not trust.

    ``found`` has the certificates in place that services of the estate verify, by purpose. A host without ca.crt has
    nothing running that could be hurt.
    """
    if not authorities.in_place:
        return ()
    reasons = []
    if authorities.signer not in authorities.in_place:
        reasons.append(
            f"the CA {authorities.name(authorities.signer)} is to sign and this host does not trust it yet; "
            "name it last in certificates_authorities, run site.yml, then name it first"
        )
    leaving = authorities.in_place - authorities.trusted
    reasons += [
        f"{purpose}: its certificate was signed by {authorities.name(entry.signer)}, which would no longer be trusted; "
        "keep that CA in certificates_authorities until a run of site.yml has replaced the certificate"
        for purpose, entry in sorted(found.items())
        if entry.signer in leaving
    ]
    resigned = any(entry.signer in authorities.in_place - {authorities.signer} for entry in found.values())
    if authorities.unread and (leaving or resigned):
        reasons.append(
            f"{_listed(authorities.unread)} did not read ca.crt since it was changed; "
            "run site.yml whole with the certificates_authorities of before, then go on"
        )
    return tuple(reasons)


def ending(end: datetime, now: datetime, days: int, renew_before: int) -> str:
    """Return what to say of a CA that ends before a certificate issued now would be renewed; "" for another."""
    left = (end - now).days
    if left > days + renew_before:
        return ""
    return (
        f"the CA that signs ends on {end.date().isoformat()}, in {left} days; certificates are issued for {days} days. "
        "Name a new CA last in certificates_authorities and replace the old one in three runs"
    )


def misplaced(wanted: Wanted, found: Found) -> tuple[str, ...]:
    """Return which files have other owners or modes than they should, or lack the CAs beside them."""
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
    if not found.authorities_in_place:
        reasons.append(f"{wanted.purpose}: ca.crt does not hold the CAs it should")
    return tuple(reasons)


def _place(place: Place) -> str:
    return f"{place.owner}:{place.group} {place.mode:04o}" if place.mode >= 0 else "nothing"


def _listed(names: Collection[str]) -> str:
    return ", ".join(sorted(names)) or "none"
