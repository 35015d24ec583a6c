# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a supplied certificate is refused for, and the names it has to carry."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from ansible_collections.erpops.estate.plugins.module_utils.policy import supplied_certificates as policy
from ansible_collections.erpops.estate.plugins.module_utils.policy.inventory_model import Inventory
from ansible_collections.erpops.estate.plugins.module_utils.policy.supplied_certificates import Supplied

NOW = datetime(2026, 11, 23, tzinfo=UTC)
GOOD = Supplied(
    names=frozenset({"10.0.0.11"}),
    client=True,
    not_before=NOW - timedelta(days=1),
    not_after=NOW + timedelta(days=90),
    trusted=True,
)


@pytest.mark.parametrize(
    ("supplied", "problem"),
    [
        (GOOD, ""),
        (Supplied(fault="the private key; found nothing"), "the private key; found nothing"),
        (replace(GOOD, key_fits=False), "the certificate does not belong to the private key"),
        (replace(GOOD, gap="'CN=a' was not signed"), "the chain is broken: 'CN=a' was not signed"),
        (replace(GOOD, not_after=NOW), "it expired on 2026-11-23"),
        (replace(GOOD, not_before=NOW + timedelta(days=1)), "it is not valid before 2026-11-24"),
        (replace(GOOD, names=frozenset({"other"})), "it does not carry 10.0.0.11, only other"),
        (replace(GOOD, names=frozenset()), "it does not carry 10.0.0.11, only no name"),
        (replace(GOOD, client=False), "its service presents it as a client too, and it does not serve as a client's"),
        (replace(GOOD, trusted=False), "the services of the estate do not trust the CA that signed it"),
    ],
)
def test_what_would_not_serve_is_named(supplied: Supplied, problem: str) -> None:
    found = list(policy.objections(supplied, ["10.0.0.11"], NOW, client=True, inside=True))
    assert [words for words, _remedy in found] == ([problem] if problem else [])
    assert all(remedy for _problem, remedy in found)


def test_users_bring_their_own_trust_and_no_client_usage_is_asked_of_an_edge() -> None:
    supplied = replace(GOOD, client=False, trusted=False)
    assert list(policy.objections(supplied, [], NOW, client=False, inside=False)) == []


def inventory(purpose: str) -> Inventory:
    shared = {
        "certificates_supplied": {purpose: {"certificate": "pem", "private_key": "key"}},
        "certificates_extra_names": {"edge": ["www.example.com"]},
        "estate_instances": [
            {"name": "a", "host_names": ["a.example.com"]},
            {"name": "b", "host_names": ["b.example.com"]},
        ],
    }
    hosts = {name: {**shared, "estate_data_address": f"10.0.0.1{name[-1]}"} for name in ("node1", "node2", "store3")}
    groups = {"edge": ["node1", "node2"], "etcd": ["node1", "node2"], "estate": ["node1", "node2", "store3"]}
    return Inventory(groups=groups, hosts=hosts, places={"certificates_supplied": ["group_vars/all/tls.yml:3"]})


@pytest.mark.parametrize(
    ("purpose", "missing"),
    [
        # Told once, however many edges there are; but of each member, since each has its own address.
        ("edge", ["a.example.com, b.example.com and www.example.com"]),
        ("etcd", ["10.0.0.11", "10.0.0.12"]),
        ("redis", []),
        # Of those alone whose services show etcd no certificate.
        ("estate", ["10.0.0.13"]),
    ],
)
def test_it_has_to_carry_what_clients_dial(purpose: str, missing: list[str]) -> None:
    given: list[tuple[str, str, str]] = []

    def read(*texts: str) -> Supplied:
        given.append((texts[0], texts[1], texts[2]))
        return replace(GOOD, names=frozenset({"c"}))

    found = list(policy.supplied_findings(inventory(purpose), "ca", read, NOW))
    assert [finding.problem for finding in found] == [f"it does not carry {names}, only c" for names in missing]
    assert all(str(finding).startswith("group_vars/all/tls.yml:3: certificates_supplied.") for finding in found)
    assert set(given) <= {("pem", "key", "ca")}
