# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.erpops.estate.plugins.module_utils.policy.inventory import findings

from tests.unit.plugins.module_utils.policy.inventories import Spoil, everywhere, inventory, texts

ELSEWHERE = "s3.example.com"
ATTACHED = everywhere(odoo_s3_endpoint=f"https://{ELSEWHERE}")
UNSAID = f"patroni_archive_enabled and backup_s3_address: found nothing and '{ELSEWHERE}': without a host in"
NO_BACKUPS = "backup_s3_address: backups and WAL have no place to go to"
NO_ATTACHMENTS = "odoo_s3_endpoint: attachments have no place to go to"


def no_store(fields: dict[str, Any]) -> None:
    fields["groups"]["object_storage"] = []


def from_facts(name: str) -> Spoil:
    def spoil(fields: dict[str, Any]) -> None:
        fields["given"][name] = list(fields["hosts"])
        fields["known"][name] = "estate"

    return spoil


def on_one(name: str, host: str, value: Any) -> Spoil:
    def spoil(fields: dict[str, Any]) -> None:
        fields["hosts"][host][name] = value
        fields["given"][name] = [host]
        fields["known"][name] = "estate"

    return spoil


@pytest.mark.parametrize(
    ("spoils", "expected"),
    [
        pytest.param([], [NO_BACKUPS], id="no place"),
        pytest.param([everywhere(patroni_archive_enabled=True)], [NO_BACKUPS], id="no place, and asked for"),
        pytest.param([everywhere(patroni_archive_enabled=False)], [], id="no backups"),
        pytest.param([everywhere(backup_s3_address=ELSEWHERE)], [UNSAID], id="a place, and nothing said"),
        pytest.param([on_one("backup_s3_address", "n2", ELSEWHERE)], [NO_BACKUPS, UNSAID], id="a place on one"),
        pytest.param(
            [everywhere(backup_s3_address=ELSEWHERE), on_one("patroni_archive_enabled", "n1", True)],
            [UNSAID],
            id="said of one alone",
        ),
        pytest.param([everywhere(backup_s3_address=ELSEWHERE, patroni_archive_enabled=True)], [], id="said"),
        pytest.param([everywhere(backup_s3_address=ELSEWHERE, patroni_archive_enabled=False)], [], id="said: none"),
        pytest.param([everywhere(backup_s3_address="", patroni_archive_enabled=False)], [], id="neither"),
        pytest.param([from_facts("backup_s3_address")], [], id="a place that follows from facts"),
    ],
)
def test_backups_elsewhere(spoils: list[Spoil], expected: list[str]) -> None:
    found = texts(findings(inventory(no_store, ATTACHED, *spoils)))
    assert len(found) == len(expected)
    for text, part in zip(found, expected, strict=True):
        assert f"group patroni: {part}" in text


def test_the_default_that_archives_nothing_is_not_what_somebody_said() -> None:
    """As an inventory without a store is read: the role's default is there, and nobody gave it."""

    def by_default(fields: dict[str, Any]) -> None:
        for host in fields["hosts"].values():
            host["patroni_archive_enabled"] = False

    spoils = (no_store, ATTACHED, by_default)
    assert findings(inventory(*spoils)) == []
    found = texts(findings(inventory(*spoils, everywhere(backup_s3_address=ELSEWHERE))))
    assert len(found) == 1
    assert "Set patroni_archive_enabled: true to have backups there, or false to have none and leave out" in found[0]


def test_backups_need_a_place_even_where_the_estate_has_an_object_storage() -> None:
    assert texts(findings(inventory(everywhere(backup_s3_address=ELSEWHERE)))) == []
    found = texts(findings(inventory(everywhere(backup_s3_address=""))))
    assert len(found) == 1
    assert NO_BACKUPS in found[0]


@pytest.mark.parametrize(
    ("spoils", "count"),
    [
        pytest.param([no_store], 1, id="no store at all"),
        pytest.param([no_store, everywhere(odoo_s3_endpoint="")], 1, id="none that is named"),
        pytest.param([everywhere(odoo_s3_endpoint="")], 1, id="none, though the estate has one"),
        pytest.param([no_store, on_one("odoo_s3_endpoint", "n1", f"https://{ELSEWHERE}")], 1, id="on one node alone"),
        pytest.param([no_store, ATTACHED], 0, id="elsewhere"),
        pytest.param([no_store, from_facts("odoo_s3_endpoint")], 0, id="where facts say"),
        pytest.param([], 0, id="the estate's own"),
    ],
)
def test_attachments_need_a_place(spoils: list[Spoil], count: int) -> None:
    found = texts(findings(inventory(everywhere(patroni_archive_enabled=False), *spoils)))
    assert len(found) == count
    assert all(f"group odoo: {NO_ATTACHMENTS}. Give the group object_storage a host" in text for text in found)


def test_an_estate_without_odoo_has_no_attachments() -> None:
    def no_odoo(fields: dict[str, Any]) -> None:
        for group in ("odoo", "edge"):
            fields["groups"][group] = []

    bare = everywhere(
        patroni_archive_enabled=False, estate_virtual_ip="", estate_instances=[], estate_instance_secrets={}
    )
    assert texts(findings(inventory(no_store, no_odoo, bare))) == []


def test_a_second_store_would_hold_nothing() -> None:
    def second(fields: dict[str, Any]) -> None:
        fields["groups"]["object_storage"] = ["s1", "n3"]

    found = texts(findings(inventory(second)))
    assert len(found) == 1
    assert "group object_storage: hosts: everything is written to s1 alone, and n3 would stay empty" in found[0]
    assert "S3 service of your own" in found[0]


def without_login(*hosts: str) -> Spoil:
    def spoil(fields: dict[str, Any]) -> None:
        for host in hosts:
            del fields["hosts"][host]["backup_s3_secret_key"]

    return spoil


@pytest.mark.parametrize(
    ("spoils", "expected"),
    [
        pytest.param([], ["group object_storage"], id="our own store, by default"),
        pytest.param([everywhere(backup_s3_address="10.0.0.4")], ["group object_storage"], id="by its address"),
        pytest.param([without_login("n1", "n2", "n3")], ["group patroni", "group object_storage"], id="nowhere"),
        pytest.param([everywhere(backup_s3_address=ELSEWHERE)], [], id="another store"),
        pytest.param([everywhere(patroni_archive_enabled=False)], [], id="no backups"),
        pytest.param([on_one("object_storage_backup_secret_key", "s1", "x")], [], id="by the store's own name"),
    ],
)
def test_the_store_has_to_know_the_login_of_the_backups(spoils: list[Spoil], expected: list[str]) -> None:
    """The role reads on the store's host what group_vars/patroni would say to the members alone."""
    found = texts(findings(inventory(without_login("s1"), *spoils)))
    assert len(found) == len(expected)
    for text, where in zip(found, expected, strict=True):
        assert f"{where}: backup_s3_secret_key: this secret is not set. Set it in a file" in text


def test_a_store_that_stands_alone_has_no_backups() -> None:
    def no_members(fields: dict[str, Any]) -> None:
        fields["groups"]["patroni"] = []

    assert texts(findings(inventory(without_login("s1"), no_members), ["object_storage"])) == []


def test_a_login_that_one_file_leaves_empty_is_told_once() -> None:
    def in_a_file(fields: dict[str, Any]) -> None:
        fields["places"]["backup_s3_secret_key"] = ["group_vars/all/vault.yml"]

    found = texts(findings(inventory(everywhere(backup_s3_secret_key=""), in_a_file)))
    assert len(found) == 1


def test_the_lock_is_held_against_what_the_members_keep() -> None:
    def longer(fields: dict[str, Any]) -> None:
        for host in fields["groups"]["patroni"]:
            fields["hosts"][host]["backup_retention_full"] = 8

    given = everywhere(object_storage_backup_retention_days=35)
    assert texts(findings(inventory(given))) == []
    found = texts(findings(inventory(given, longer)))
    assert len(found) == 1
    assert "found 35, and a backup is kept for up to 63 days" in found[0]


def test_the_first_member_that_says_what_is_kept_speaks_for_all() -> None:
    """As it does for the role of the object storage."""
    days, one = everywhere(object_storage_backup_retention_days=35), on_one("backup_retention_full", "n2", 8)
    found = texts(findings(inventory(days, one)))
    assert len(found) == 1
    assert "found 35, and a backup is kept for up to 63 days" in found[0]


@pytest.mark.parametrize(
    ("address", "count"), [(ELSEWHERE, 0), ("10.0.0.4", 1)], ids=["another store", "our own, by its address"]
)
def test_the_lock_is_held_against_what_goes_to_our_own_store(address: str, count: int) -> None:
    few = everywhere(object_storage_backup_retention_days=1, backup_s3_address=address)
    untold = everywhere(backup_full_calendar="*-*-1/14 03:00", backup_s3_address=address)
    assert [len(findings(inventory(spoil))) for spoil in (few, untold)] == [count, count]
