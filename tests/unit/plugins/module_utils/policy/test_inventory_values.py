# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.erpops.estate.plugins.module_utils.policy.inventory import findings
from ansible_collections.erpops.estate.plugins.module_utils.policy.inventory_rules import RULES

from tests.unit.plugins.module_utils.policy.inventories import Spoil, everywhere, inventory, texts


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        (
            {"etcd_election_timeout_ms": 749},
            "etcd_election_timeout_ms and etcd_heartbeat_interval_ms: found 749",
        ),
        ({"etcd_election_timeout_ms": 50001}, "Set the election timeout between five heartbeats and 50000 ms"),
        ({"patroni_ttl": 19}, "patroni_ttl: expected a number from 20 to 3600, found 19"),
        ({"patroni_loop_wait": 11}, "patroni_ttl: expected at least loop_wait + 2 * retry_timeout = 21, found 20"),
        ({"patroni_memory_mb": 255}, "Set 256 or more, or 0 to have it sized"),
        (
            {"backup_cipher_passphrase": "x" * 19},
            "it does not fit. Use 20 characters or more",
        ),
        ({"backup_bucket": ""}, "backup_bucket: found ''. Name the bucket"),
        ({"backup_retention_full": 0}, "backup_retention_full: found 0. Keep one full backup at least"),
        (
            {"object_storage_backup_retention_days": 34},
            "found 34, and a backup is kept for up to 35 days (backup_retention_full 4, Sun *-*-* 01:00:00). Set 35 or",
        ),
        (
            {
                "object_storage_backup_retention_days": 30,
                "backup_full_calendar": "monthly",
                "backup_retention_full": 12,
            },
            "found 30, and a backup is kept for up to 403 days",
        ),
        (
            {"backup_full_calendar": "*-*-1/14 03:00"},
            "object_storage_backup_retention_days: 0, and backup_full_calendar '*-*-1/14 03:00' does not tell",
        ),
        ({"redis_sentinel_admin_password": "x" * 15}, "redis_sentinel_admin_password: it does not fit"),
        ({"redis_sentinel_replication_password": "a blank in it, and long"}, "without blanks and quotes"),
        ({"redis_sentinel_sentinel_password": 'a"quote-and-long-enough'}, "without blanks and quotes"),
        ({"redis_sentinel_memory_mb": 63}, "Set 64 or more, or 0 to have it sized"),
        ({"odoo_db_maxconn": 5}, "odoo_db_maxconn: found 5. Set 6 or more"),
        ({"odoo_limit_memory_soft_mb": 2560}, "found 2560 and 2560. Keep the hard limit above the soft one"),
        ({"odoo_limit_memory_hard_mb": 1535, "odoo_limit_memory_soft_mb": 1024}, "Set 1536 or more: it counts virtual"),
        ({"odoo_cron_threads": 0}, "odoo_cron_threads and odoo_job_workers: found 0 and 1"),
        ({"odoo_socket_timeout": 0}, "odoo_socket_timeout: found 0. Set 1 or more: 0 is no endless patience but none"),
        ({"traefik_body_limit_bytes": 1048575}, "Set 1048576 or more"),
        ({"traefik_login_burst": 0}, "traefik_login_average and traefik_login_burst: found 60 and 0"),
        ({"virtual_ip_router_id": 256}, "Choose a number from 1 to 255"),
        ({"virtual_ip_advert_seconds": 1.0}, "Set less than a second"),
        ({"image_registry_read_only": False}, "found False and []. Name users, or keep it read-only"),
        ({"certificates_ca_passphrase": "x" * 11}, "certificates_ca_passphrase: it does not fit. Use 12 characters"),
        ({"certificates_authority_dir": ".authority"}, "found '.authority'. Write an absolute path on the controller"),
        ({"certificates_authorities": []}, "found []. Name at least one CA"),
        ({"certificates_authorities": ["ca", "ca"]}, "found ['ca', 'ca']. Name at least one CA and each once"),
        ({"certificates_authorities": ["ca/2"]}, "by letters, digits, dots and dashes"),
        ({"certificates_authorities": ["-ca"]}, "by letters, digits, dots and dashes"),
        ({"estate_authorized_keys": ["ssh-ed25519"]}, "found ['ssh-ed25519']. Write each as a public key of SSH"),
        ({"certificates_renew_before_days": 397}, "found 397 and 397. Renew later than at once"),
        ({"leases_interval_seconds": 4}, "leases_interval_seconds: found 4. Set 5 to 3600 seconds"),
        ({"leases_interval_seconds": 3601}, "leases_interval_seconds: found 3601"),
        ({"docker_engine_options": {"live-restore": False}}, "Leave live-restore on"),
        ({"docker_engine_repository": {"uri": "https://x"}}, "Give it uri, suite, components and key"),
    ],
)
def test_values_that_cannot_work(changed: dict[str, Any], expected: str) -> None:
    found = texts(findings(inventory(everywhere(**changed))))
    assert len(found) == 1
    assert expected in found[0]


@pytest.mark.parametrize(
    "changed",
    [
        {"etcd_election_timeout_ms": 750},
        {"patroni_ttl": 20, "patroni_loop_wait": 10},
        {"patroni_memory_mb": 256},
        {"redis_sentinel_memory_mb": 64},
        {"object_storage_backup_retention_days": 35},
        {"object_storage_backup_retention_days": 14, "backup_retention_full": 1},
        {"object_storage_backup_retention_days": 60, "backup_full_calendar": "*-*-1/14 03:00"},
        {"object_storage_backup_retention_days": 1, "patroni_archive_enabled": False},
        {"backup_full_calendar": "*-*-1/14 03:00", "patroni_archive_enabled": False},
        {"odoo_limit_memory_hard_mb": 1536, "odoo_limit_memory_soft_mb": 1024},
        {"odoo_socket_timeout": 1},
        {"image_registry_read_only": False, "image_registry_users": [{"name": "x"}]},
        {"docker_engine_options": {"live-restore": True}},
        {"certificates_ca_passphrase": "x" * 12, "certificates_authorities": ["ca", "ca-2", "company.2026"]},
        {"certificates_days": 61, "leases_interval_seconds": 5},
        {"leases_interval_seconds": 3600},
        # What could not be resolved is told as that, once.
        {"patroni_archive_enabled": False, "backup_cipher_passphrase": "", "backup_bucket": ""},
    ],
)
def test_values_that_can(changed: dict[str, Any]) -> None:
    assert texts(findings(inventory(everywhere(**changed)))) == []


def test_every_rule_asks_about_variables_of_the_roles() -> None:
    hosts = inventory().hosts["n1"]
    for rules in RULES.values():
        for rule in rules:
            assert set(rule.variables) <= set(hosts), rule.variables


def test_a_rule_that_one_host_breaks_names_it() -> None:
    def spoil(fields: dict[str, Any]) -> None:
        fields["hosts"]["n2"]["patroni_memory_mb"] = 100

    assert "patroni_memory_mb: found 100 on n2. Set" in texts(findings(inventory(spoil)))[0]


def test_the_engine_alone_needs_no_secret_of_the_estate() -> None:
    bare = inventory(everywhere(certificates_ca_passphrase="", docker_engine_options={"live-restore": False}))
    assert len(findings(bare, ["docker_engine"])) == 1
    assert len(findings(bare)) == 2


def test_what_could_not_be_read_is_judged_elsewhere() -> None:
    def spoil(fields: dict[str, Any]) -> None:
        fields["misfits"] = {"odoo_db_maxconn": ["it is no integer"]}

    assert len(findings(inventory(everywhere(odoo_db_maxconn="many"), spoil))) == 1


def test_no_finding_shows_a_secret() -> None:
    found = texts(findings(inventory(everywhere(redis_sentinel_admin_password="hunter2"))))  # noqa: S106 - made up
    assert found
    assert "hunter2" not in found[0]


def s3(instance: str, key: str) -> Spoil:
    def spoil(fields: dict[str, Any]) -> None:
        for host in fields["hosts"].values():
            host["estate_instance_secrets"][instance]["s3_access_key"] = key

    return spoil


def test_logins_of_the_object_storage_have_keys_of_their_own() -> None:
    found = texts(findings(inventory(s3("north", "x"), s3("south", "x"))))
    assert len(found) == 1
    assert "north.s3_access_key and estate_instance_secrets.south.s3_access_key: they are the same key" in found[0]
    both = everywhere(object_storage_admin_access_key="x", object_storage_backup_access_key="x")
    assert "object_storage_admin_access_key and object_storage_backup_access_key" in texts(findings(inventory(both)))[0]


def test_an_instance_must_not_have_the_bucket_of_the_backups() -> None:
    found = texts(findings(inventory(everywhere(object_storage_backup_bucket="north-attachments"))))
    assert len(found) == 1
    assert "estate_instances.north.bucket: 'north-attachments' is the bucket of the backups" in found[0]


@pytest.mark.parametrize(
    ("groups", "expected"),
    [
        (["etcd"], 2),
        (["patroni"], 1),
        (["redis"], 0),
        (["docker_engine"], 0),
        (["leases"], 1),
        (["estate", "certificates"], 1),
        (["etcd", "patroni"], 3),
    ],
)
def test_a_role_that_runs_alone_is_judged_alone(groups: list[str], expected: int) -> None:
    def spoil(fields: dict[str, Any]) -> None:
        fields["groups"]["etcd"] = ["n1", "n2"]

    wrong = inventory(
        spoil,
        everywhere(etcd_election_timeout_ms=1, patroni_memory_mb=1, leases_interval_seconds=1),
        everywhere(certificates_ca_passphrase=""),
    )
    assert len(findings(wrong, groups)) == expected
    assert len(findings(wrong)) == 5
