# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which certificates are due, and why."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from ansible_collections.erpops.estate.plugins.module_utils.policy import certificates as policy
from ansible_collections.erpops.estate.plugins.module_utils.policy.certificates import (
    Authorities,
    Found,
    Place,
    Wanted,
)

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
    signer="new",
    authorities_in_place=True,
    key_fits=True,
    not_after=NOW + timedelta(days=300),
    places=PLACES,
)


def due(wanted: Wanted, found: Found) -> tuple[str, ...]:
    return policy.to_issue(wanted, found, NOW, timedelta(days=60), "new")


@pytest.mark.parametrize(
    ("found", "reason"),
    [
        (GOOD, ""),
        (Found(fault="the private key; found nothing"), "redis: the private key; found nothing"),
        (replace(GOOD, key_fits=False), "does not belong to the private key"),
        (replace(GOOD, signer="old"), "was not signed by the CA that signs for the estate"),
        (replace(GOOD, signer=""), "was not signed by the CA that signs for the estate"),
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
        (replace(GOOD, authorities_in_place=False), "ca.crt does not hold the CAs it should"),
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


@pytest.mark.parametrize(
    ("names", "wanted", "served"),
    [
        (["erp.example.com"], "ERP.example.com", True),
        (["*.example.com"], "erp.example.com", True),
        (["*.example.com"], "a.erp.example.com", False),
        (["*.example.com"], "example.com", False),
        (["192.0.2.11"], "192.0.2.11", True),
        (["*.0.2.11"], "192.0.2.12", False),
        ([], "localhost", False),
    ],
)
def test_a_star_serves_one_label(names: list[str], wanted: str, *, served: bool) -> None:
    assert policy.covers(names, wanted) is served


NAMED = {"old": "CN=lab CA", "new": "CN=lab CA ca2"}


def state(signer: str, trusted: str, in_place: str, unread: tuple[str, ...] = ()) -> Authorities:
    return Authorities(signer, frozenset(trusted.split()), frozenset(in_place.split()), NAMED, unread)


@pytest.mark.parametrize(
    ("authorities", "signed_by", "reason"),
    [
        # The three steps, each of them twice: the second run has nothing against it.
        (state("old", "old", "old"), "old", ""),
        (state("old", "old new", "old"), "old", ""),
        (state("old", "old new", "old new"), "old", ""),
        (state("new", "old new", "old new"), "old", ""),
        (state("new", "old new", "old new"), "new", ""),
        (state("new", "new", "old new"), "new", ""),
        (state("new", "new", "new"), "new", ""),
        # Back again before anything was signed.
        (state("old", "old", "old new"), "old", ""),
        # A host where nothing was put in place yet.
        (state("new", "new", ""), "", ""),
        # A step left out.
        (state("new", "new old", "old"), "old", "CN=lab CA ca2 is to sign and this host does not trust it yet"),
        (state("new", "new", "old"), "old", "signed by CN=lab CA, which would no longer be trusted"),
        (state("new", "new", "old new"), "old", "redis: its certificate was signed by CN=lab CA"),
        # A step that was not carried to its end.
        (state("new", "old new", "old new", ("etcd",)), "old", "etcd did not read ca.crt since it was changed"),
        (state("new", "new", "old new", ("etcd", "patroni")), "new", "etcd, patroni did not read ca.crt"),
        # Nothing is asked of the services, so it does not matter.
        (state("new", "old new", "old new", ("etcd",)), "new", ""),
        # A certificate of somebody's that nobody trusts now is only mended.
        (state("old", "old", "old"), "", ""),
    ],
)
def test_a_ca_is_replaced_step_by_step(authorities: Authorities, signed_by: str, reason: str) -> None:
    reasons = policy.hasty(authorities, {"redis": replace(GOOD, signer=signed_by)})
    assert bool(reasons) is bool(reason), reasons
    assert reason in "; ".join(reasons)


@pytest.mark.parametrize(("left", "said"), [(458, False), (457, True), (-1, True)])
def test_a_ca_that_comes_to_its_end_is_reported_in_time(left: int, *, said: bool) -> None:
    words = policy.ending(NOW + timedelta(days=left), NOW, 397, 60)
    assert bool(words) is said
    assert not said or f"in {left} days" in words
