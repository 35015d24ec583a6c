# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The rules for values of the roles' variables that each fit their specification and still cannot work."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ansible_collections.erpops.estate.plugins.module_utils.policy.drift.login_keys import fingerprint
from ansible_collections.erpops.estate.plugins.module_utils.policy.inventory_model import listed
from ansible_collections.erpops.estate.plugins.module_utils.policy.sizing import LEAST_MB, ODOO_LIMIT_LEAST_MB

Variables = Mapping[str, Any]
# Not groups: they are asked of every host of the estate.
CERTIFICATES = "certificates"
ENGINE = "docker_engine"
LEASES = "leases"
HOSTS = "hosts"
EVERYWHERE = (CERTIFICATES, ENGINE, LEASES, HOSTS)
AUTHORITY = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*")
# Redis' users.acl and the files of its clients have no way to quote.
REDIS_PASSWORD = re.compile(r'[^\s"]{16,}')
REPOSITORY_KEYS = ("uri", "suite", "components", "key")


@dataclass(frozen=True)
class Rule:
    """Variables that have to fit together, and what to do where they do not.

    ``holds`` is asked of every host of the group, with the roles' defaults beneath; a variable that could not be
    resolved is another finding's business.
    """

    variables: Sequence[str]
    holds: Callable[[Variables], bool]
    remedy: str
    secret: bool = False


def archives(values: Variables) -> bool:
    """Return whether members with these variables archive: without that nothing is backed up."""
    return values.get("patroni_archive_enabled") is not False


def _names_authorities(values: Variables) -> bool:
    names = values["certificates_authorities"]
    return 0 < len(names) == len(set(names)) and all(AUTHORITY.fullmatch(name) for name in names)


def _fits_redis(name: str) -> Callable[[Variables], bool]:
    return lambda values: not values[name] or bool(REDIS_PASSWORD.fullmatch(values[name]))


RULES: Mapping[str, Sequence[Rule]] = {
    "etcd": (
        Rule(
            ("etcd_election_timeout_ms", "etcd_heartbeat_interval_ms"),
            lambda v: 5 * v["etcd_heartbeat_interval_ms"] <= v["etcd_election_timeout_ms"] <= 50000,
            "Set the election timeout between five heartbeats and 50000 ms",
        ),
    ),
    "patroni": (
        Rule(
            ("patroni_memory_mb",),
            lambda v: v["patroni_memory_mb"] == 0 or v["patroni_memory_mb"] >= LEAST_MB["patroni"],
            f"Set {LEAST_MB['patroni']} or more, or 0 to have it sized",
        ),
        Rule(
            ("backup_cipher_passphrase",),
            lambda v: not archives(v) or not v["backup_cipher_passphrase"] or len(v["backup_cipher_passphrase"]) >= 20,
            "Use 20 characters or more",
            secret=True,
        ),
        Rule(
            ("backup_bucket",),
            lambda v: not archives(v) or bool(v["backup_bucket"]),
            "Name the bucket of the repository",
        ),
        Rule(("backup_retention_full",), lambda v: v["backup_retention_full"] >= 1, "Keep one full backup at least"),
    ),
    "redis": (
        *(
            Rule((name,), _fits_redis(name), "Use 16 characters or more, without blanks and quotes", secret=True)
            for name in (
                "redis_sentinel_admin_password",
                "redis_sentinel_replication_password",
                "redis_sentinel_sentinel_password",
            )
        ),
        Rule(
            ("redis_sentinel_memory_mb",),
            lambda v: v["redis_sentinel_memory_mb"] == 0 or v["redis_sentinel_memory_mb"] >= 64,
            "Set 64 or more, or 0 to have it sized",
        ),
    ),
    "odoo": (
        Rule(("odoo_db_maxconn",), lambda v: v["odoo_db_maxconn"] >= 6, "Set 6 or more: one request may hold three"),
        Rule(
            ("odoo_limit_memory_hard_mb", "odoo_limit_memory_soft_mb"),
            lambda v: v["odoo_limit_memory_hard_mb"] > v["odoo_limit_memory_soft_mb"],
            "Keep the hard limit above the soft one",
        ),
        Rule(
            ("odoo_limit_memory_hard_mb",),
            lambda v: v["odoo_limit_memory_hard_mb"] >= ODOO_LIMIT_LEAST_MB,
            f"Set {ODOO_LIMIT_LEAST_MB} or more: it counts virtual memory, and printing a report maps nearly as much",
        ),
        Rule(
            ("odoo_cron_threads", "odoo_job_workers"),
            lambda v: v["odoo_cron_threads"] >= 1 and v["odoo_job_workers"] >= 1,
            "Set 1 or more: scheduled actions and jobs would never run",
        ),
        Rule(
            ("odoo_socket_timeout",),
            lambda v: v["odoo_socket_timeout"] >= 1,
            "Set 1 or more: 0 is no endless patience but none, and every request would be given up",
        ),
    ),
    "edge": (
        Rule(
            ("traefik_body_limit_bytes",),
            lambda v: v["traefik_body_limit_bytes"] >= 1048576,
            "Set 1048576 or more: pictures and spreadsheets are larger than that",
        ),
        Rule(
            ("traefik_login_average", "traefik_login_burst"),
            lambda v: v["traefik_login_average"] >= 1 and v["traefik_login_burst"] >= 1,
            "Set 1 or more: nobody could log in",
        ),
        Rule(
            ("virtual_ip_router_id",),
            lambda v: 1 <= v["virtual_ip_router_id"] <= 255,
            "Choose a number from 1 to 255 that nobody else in the network segment has",
        ),
        Rule(
            ("virtual_ip_advert_seconds",),
            lambda v: 0 < v["virtual_ip_advert_seconds"] < 1,
            "Set less than a second: the other edge takes over after three adverts were missed",
        ),
    ),
    "image_registry": (
        Rule(
            ("image_registry_read_only", "image_registry_users"),
            lambda v: v["image_registry_read_only"] or bool(v["image_registry_users"]),
            "Name users, or keep it read-only: anyone could replace an image",
        ),
    ),
    CERTIFICATES: (
        Rule(
            ("certificates_ca_passphrase",),
            lambda v: not v["certificates_ca_passphrase"] or len(v["certificates_ca_passphrase"]) >= 12,
            "Use 12 characters or more",
            secret=True,
        ),
        Rule(
            ("certificates_authority_dir",),
            lambda v: v["certificates_authority_dir"].startswith("/"),
            "Write an absolute path on the controller",
        ),
        Rule(
            ("certificates_authorities",),
            _names_authorities,
            "Name at least one CA and each once, by letters, digits, dots and dashes",
        ),
        Rule(
            ("certificates_renew_before_days", "certificates_days"),
            lambda v: v["certificates_renew_before_days"] < v["certificates_days"],
            "Renew later than at once: a certificate has to be valid for longer than it is renewed before its end",
        ),
    ),
    LEASES: (
        Rule(
            ("leases_interval_seconds",),
            lambda v: 5 <= v["leases_interval_seconds"] <= 3600,
            "Set 5 to 3600 seconds",
        ),
    ),
    HOSTS: (
        Rule(
            ("estate_authorized_keys",),
            lambda v: all(isinstance(key, str) and fingerprint(key) for key in v["estate_authorized_keys"]),
            "Write each as a public key of SSH, or its fingerprint that begins with SHA256:",
        ),
    ),
    ENGINE: (
        Rule(
            ("docker_engine_options",),
            lambda v: v["docker_engine_options"].get("live-restore", True) is True,
            "Leave live-restore on: without it every change of the engine stops the containers",
        ),
        Rule(
            ("docker_engine_repository",),
            lambda v: (
                not v["docker_engine_repository"] or all(v["docker_engine_repository"].get(k) for k in REPOSITORY_KEYS)
            ),
            f"Give it {listed(REPOSITORY_KEYS)}, or leave it empty for the distribution's engine",
        ),
    ),
}
