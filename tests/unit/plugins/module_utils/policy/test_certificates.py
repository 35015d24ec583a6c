# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which certificates are due, and why."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from ansible_collections.erpops.estate.plugins.module_utils.policy import certificates as policy
from ansible_collections.erpops.estate.plugins.module_utils.policy.certificates import Found, Place, Wanted

NOW = datetime(2026, 11, 23, tzinfo=UTC)
NAMES = frozenset({"node1", "192.0.2.11"})
WANTED = Wanted("redis", 903, NAMES, client=True)
PLACES = {
    "directory": Place(0, 903, 0o750),
    "tls.key": Place(903, 903, 0o400),
    "tls.crt": Place(903, 903, 0o444),
    "ca.crt": Place(903, 903, 0o444),
}
GOOD = Found(
    names=NAMES,
    client=True,
    signed_by_authority=True,
    authority_in_place=True,
    key_fits=True,
    not_after=NOW + timedelta(days=300),
    places=PLACES,
)


def due(wanted: Wanted, found: Found) -> tuple[str, ...]:
    return policy.to_issue(wanted, found, NOW, timedelta(days=60))


@pytest.mark.parametrize(
    ("found", "reason"),
    [
        (GOOD, ""),
        (Found(fault="the private key; found nothing"), "redis: the private key; found nothing"),
        (replace(GOOD, key_fits=False), "does not belong to the private key"),
        (replace(GOOD, signed_by_authority=False), "was not signed by the estate's CA"),
        (replace(GOOD, names=frozenset({"node1"})), "expected the names 192.0.2.11, node1, found node1"),
        (replace(GOOD, names=NAMES | {"other"}), "found 192.0.2.11, node1, other"),
        (replace(GOOD, client=False), "does not serve as a client's"),
        (replace(GOOD, not_after=NOW + timedelta(days=61)), ""),
        (replace(GOOD, not_after=NOW + timedelta(days=60)), "expires on 2027-01-22, within 60 days"),
        (replace(GOOD, not_after=NOW - timedelta(days=1)), "expires on 2026-11-22"),
        (replace(GOOD, not_after=None), "expires on no date"),
    ],
)
def test_a_certificate_is_due(found: Found, reason: str) -> None:
    reasons = due(WANTED, found)
    assert bool(reasons) is bool(reason)
    assert reason in "; ".join(reasons)


def test_a_server_needs_no_client_usage() -> None:
    assert due(replace(WANTED, client=False), replace(GOOD, client=False)) == ()


def test_a_supplied_certificate_is_only_put_in_place() -> None:
    supplied = replace(WANTED, supplied=True)
    assert due(supplied, Found(supplied_in_place=True)) == ()
    assert due(supplied, Found()) == ("redis: the supplied certificate is not in place",)


@pytest.mark.parametrize(
    ("found", "reason"),
    [
        (GOOD, ""),
        (
            replace(GOOD, places={**PLACES, "tls.key": Place(903, 903, 0o644)}),
            "redis: tls.key expected 903:903 0400, found 903:903 0644",
        ),
        (replace(GOOD, places={**PLACES, "directory": Place()}), "directory expected 0:903 0750, found nothing"),
        (replace(GOOD, authority_in_place=False), "ca.crt does not hold the CA it should"),
    ],
)
def test_files_that_others_could_read_are_put_right(found: Found, reason: str) -> None:
    reasons = policy.misplaced(WANTED, found)
    assert bool(reasons) is bool(reason)
    assert reason in "; ".join(reasons)


@pytest.mark.parametrize(
    ("name", "entry"),
    [("node1", "DNS:node1"), ("192.0.2.11", "IP:192.0.2.11"), ("2001:db8::1", "IP:2001:db8::1")],
)
def test_names_have_kinds(name: str, entry: str) -> None:
    assert policy.subject_alternative_name(name) == entry
