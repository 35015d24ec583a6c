# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.erpops.estate.plugins.module_utils.policy.inventory import findings
from ansible_collections.erpops.estate.plugins.module_utils.policy.names import closest, nearest

from tests.unit.plugins.module_utils.policy.inventories import Spoil, everywhere, inventory, texts

DIGEST = "sha256:" + "0f" * 32


def image(name: str, value: str | None) -> Spoil:
    def spoil(fields: dict[str, Any]) -> None:
        for host in fields["hosts"].values():
            host["estate_images"][name] = value

    return spoil


def secret(instance: str, key: str, value: Any) -> Spoil:
    def spoil(fields: dict[str, Any]) -> None:
        for host in fields["hosts"].values():
            host["estate_instance_secrets"].setdefault(instance, {})[key] = value

    return spoil


def given(name: str, **spec: Any) -> Spoil:
    def spoil(fields: dict[str, Any]) -> None:
        fields["given"][name] = ["n1"]
        fields["places"][name] = ["hosts.yml:3"]
        if spec:
            fields["known"][name] = "estate"
            fields["specs"][name] = spec

    return spoil


@pytest.mark.parametrize(
    "value",
    [
        "registry.example.com/redis:8",
        "registry.example.com/redis",
        "redis:latest",
        "registry.example.com/redis@sha256:0f0f",
        f"registry.example.com/redis@{DIGEST}0",
        f"registry.example.com/redis@{DIGEST.upper()}",
    ],
)
def test_an_image_by_tag_is_refused_outside_development(value: str) -> None:
    found = texts(findings(inventory(image("redis", value))))
    assert found == [
        (
            f"group all: estate_images.redis: {value!r} is named by tag and estate_environment is production. "
            "Name it by digest, as registry/repository@sha256:digest; a tag may mean another image tomorrow."
        )
    ]
    assert findings(inventory(image("redis", value), everywhere(estate_environment="development"))) == []


@pytest.mark.parametrize("value", [f"registry.example.com:5000/a/redis@{DIGEST}", f"redis:8@{DIGEST}", DIGEST])
def test_an_image_by_digest_is_accepted(value: str) -> None:
    assert findings(inventory(image("redis", value))) == []


@pytest.mark.parametrize("value", ["", None])
def test_a_service_without_image(value: str | None) -> None:
    found = texts(findings(inventory(image("postgresql", value))))
    assert len(found) == 1
    assert "estate_images.postgresql: the group patroni has hosts and no image to run" in found[0]


def test_the_registry_may_have_an_image_of_its_own() -> None:
    own = everywhere(image_registry_image=DIGEST)
    assert findings(inventory(image("image_registry", None), own)) == []


def test_an_image_nobody_runs() -> None:
    found = texts(findings(inventory(image("postgresq", f"x@{DIGEST}"))))
    assert len(found) == 1
    assert "Did you mean postgresql" in found[0]


@pytest.mark.parametrize("empty", ["", "  ", None])
def test_a_missing_secret(empty: str | None) -> None:
    found = texts(findings(inventory(everywhere(patroni_superuser_password=empty))))
    assert found == [
        (
            "group patroni: patroni_superuser_password: this secret is not set. "
            "Set it in a file that ansible-vault encrypts."
        )
    ]


def test_a_secret_that_is_missing_on_one_host() -> None:
    def spoil(fields: dict[str, Any]) -> None:
        del fields["hosts"]["n2"]["redis_sentinel_admin_password"]

    found = texts(findings(inventory(spoil)))
    assert len(found) == 1
    assert "this secret is not set on n2" in found[0]


def test_a_secret_is_asked_for_only_where_its_service_is() -> None:
    def spoil(fields: dict[str, Any]) -> None:
        fields["groups"]["object_storage"] = []
        for host in fields["hosts"].values():
            del host["object_storage_admin_secret_key"]

    elsewhere = everywhere(
        backup_s3_address="s3.example.com", patroni_archive_enabled=True, odoo_s3_endpoint="https://s3.example.com"
    )
    assert findings(inventory(spoil, elsewhere)) == []


@pytest.mark.parametrize(("archiving", "asked"), [(True, True), (None, True), (False, False)])
def test_secrets_of_backups_are_asked_for_where_there_are_backups(archiving: bool | None, asked: bool) -> None:
    changed = {} if archiving is None else {"patroni_archive_enabled": archiving}
    found = texts(findings(inventory(everywhere(backup_cipher_passphrase="", **changed))))
    assert (found != []) == asked


@pytest.mark.parametrize(
    ("spoil", "expected"),
    [
        (secret("north", "redis_password", ""), "estate_instance_secrets.north: redis_password not set"),
        (secret("north", "redis_pasword", "x"), "no secret has this name. Did you mean redis_password"),
        (secret("nort", "redis_password", "x"), "there is no instance of this name. Did you mean north"),
        (everywhere(estate_instance_secrets=[]), "estate_instance_secrets: it is not a mapping"),
    ],
)
def test_secrets_of_instances(spoil: Spoil, expected: str) -> None:
    found = texts(findings(inventory(spoil)))
    assert len(found) == 1
    assert expected in found[0]


def test_no_finding_shows_a_secret() -> None:
    spoils = [secret("nort", "redis_password", "hunter2"), secret("north", "redis_pasword", "hunter2")]
    assert "hunter2" not in "".join(texts(findings(inventory(*spoils))))


@pytest.mark.parametrize(
    ("name", "remedy"),
    [
        ("estate_vertual_ip", "Did you mean estate_virtual_ip"),
        ("estate_image", "Did you mean estate_images"),
        ("redis_sentinel_quorun", "Did you mean redis_sentinel_quorum"),
        ("patroni_superuser_pasword", "Did you mean patroni_superuser_password"),
        ("estate_zzzzzzzzz", "Remove it"),
        ("estat_virtual_ip", "Did you mean estate_virtual_ip"),
    ],
)
def test_a_name_nobody_knows(name: str, remedy: str) -> None:
    found = texts(findings(inventory(given(name))))
    assert len(found) == 1
    assert found[0].startswith(f"hosts.yml:3: {name}: no role of the collection knows this name. {remedy}")


@pytest.mark.parametrize(
    "name", ["my_virtual_ip", "estates", "site_images", "vault_patroni_superuser_password", "region"]
)
def test_a_name_of_the_users_own(name: str) -> None:
    assert findings(inventory(given(name))) == []


INSTANCE = {
    "type": "list",
    "elements": "dict",
    "options": {
        "name": {},
        "host_names": {},
        "http_port": {},
        "gevent_port": {},
        "workers": {},
        "mail": {"type": "dict", "options": {"host": {}}},
    },
}


@pytest.mark.parametrize(
    ("setting", "expected"),
    [
        ({"worker": 2}, "estate_instances[north].worker: there is no such setting. Did you mean workers"),
        ({"mail": {"hots": "x"}}, "estate_instances[north].mail.hots: there is no such setting. Did you mean host"),
        ({"zzz": 1}, "Known are gevent_port, host_names, http_port, mail, name and workers"),
    ],
)
def test_a_setting_nobody_knows(setting: dict[str, Any], expected: str) -> None:
    def spoil(fields: dict[str, Any]) -> None:
        for host in fields["hosts"].values():
            host["estate_instances"][0].update(setting)

    found = texts(findings(inventory(spoil, given("estate_instances", **INSTANCE))))
    assert len(found) == 1
    assert expected in found[0]


def test_settings_everybody_knows() -> None:
    assert findings(inventory(given("estate_instances", **INSTANCE))) == []


def test_a_template_that_leads_nowhere_hides_no_other_finding() -> None:
    def spoil(fields: dict[str, Any]) -> None:
        fields["unresolved"] = {"backup_cipher_passphrase": "'vault_cipher' is undefined"}
        for host in fields["hosts"].values():
            del host["backup_cipher_passphrase"]

    found = texts(findings(inventory(spoil, image("redis", "redis:8"))))
    assert len(found) == 2
    assert "backup_cipher_passphrase: it cannot be resolved: 'vault_cipher' is undefined" in found[0]


def test_a_null_is_not_the_default() -> None:
    found = texts(findings(inventory(given("patroni_ttl", type="int", default=20), everywhere(patroni_ttl=None))))
    assert found == ["hosts.yml:3: patroni_ttl: it is set to nothing. Write one, or leave it out to have the default."]


def test_a_value_that_does_not_fit() -> None:
    def spoil(fields: dict[str, Any]) -> None:
        fields["misfits"] = {"estate_host_memory_mb": ["it is no integer"]}

    found = texts(findings(inventory(spoil)))
    assert len(found) == 1
    assert "estate_host_memory_mb: it is no integer" in found[0]


def test_nearest() -> None:
    assert closest("abcd", ["abce", "xyz"]) == "abce"
    assert closest("abcd", []) is None
    assert nearest("abcd", ["xyz"]) == ""
