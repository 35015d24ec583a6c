# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The configuration of a web container and the engine's description of it, as they are in an estate."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from ansible_collections.erpops.estate.plugins.module_utils.policy.odoo_files import (
    Settings,
    published,
    read,
    saved_key,
    session_keys,
    variables,
)

from tests.unit.images.odoo.conftest import load

WEB = """[options]
addons_path = /usr/lib/python3/dist-packages/odoo/addons,/opt/addons/odoo/addons,/opt/erpops/addons
admin_passwd = $pbkdf2-sha512$600000$secret%(x)
db_app_name = north/web/node1/{pid}
db_name = north
workers = 2

[erpops_session_redis]
sentinels = 172.30.77.11:26379,172.30.77.12:26379
master_name = sessions
ca_file = /etc/erpops/tls/ca.crt
user = north
password_file = /etc/erpops/odoo/north/redis.password
prefix = north:
lifetime = 604800
retry_seconds = 20
"""


def test_a_configuration_says_where_things_are() -> None:
    assert read(WEB, "web.conf") == Settings(
        database="north",
        addons_path="/usr/lib/python3/dist-packages/odoo/addons,/opt/addons/odoo/addons,/opt/erpops/addons",
        application="north/web/node1/",
        sentinels=(("172.30.77.11", 26379), ("172.30.77.12", 26379)),
        master_name="sessions",
        redis_user="north",
        redis_password_file="/etc/erpops/odoo/north/redis.password",  # noqa: S106 - a file
        redis_prefix="north:",
        ca_file="/etc/erpops/tls/ca.crt",
        session_lifetime=604800,
    )


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (WEB.replace("db_name = north\n", ""), "no db_name"),
        (WEB.partition("[erpops")[0], "no erpops_session_redis"),
        (WEB.replace("604800", "a week"), "ValueError"),
        ("admin_passwd = secret\n" + WEB, "MissingSectionHeaderError"),
    ],
)
def test_another_file_is_refused_without_showing_it(text: str, found: str) -> None:
    with pytest.raises(ValueError, match=r"web\.conf: expected the configuration") as refused:
        read(text, "web.conf")
    assert str(refused.value).endswith(f"found {found}")


def test_an_environment_without_what_is_the_images() -> None:
    found = variables(["PGSERVICE=north", "AWS_CONFIG_FILE=/etc/erpops/odoo/north/aws_config", "LANG=C.UTF-8"])
    assert found == {"PGSERVICE": "north", "AWS_CONFIG_FILE": "/etc/erpops/odoo/north/aws_config"}


@pytest.mark.parametrize(
    ("ports", "port", "found"),
    [
        ({"8069/tcp": [{"HostIp": "172.30.77.11", "HostPort": "8169"}]}, 8069, ("172.30.77.11", 8169)),
        ({"8069/tcp": [{"HostIp": "172.30.77.11", "HostPort": "8069"}]}, 8072, None),
        ({"8069/tcp": None}, 8069, None),
        ({}, 8069, None),
    ],
)
def test_where_a_port_is_published(ports: dict[str, list[Mapping[str, str]] | None], port: int, found: object) -> None:
    assert published(ports, port) == found


def test_sessions_have_the_names_that_their_store_gives_them() -> None:
    settings, store = read(WEB, "web.conf"), load("erpops_session_redis", "keys")
    keys, sid = store.Keys("north:"), "x" * 42 + "y" * 42
    assert saved_key(settings) == keys.saved
    assert session_keys(settings, sid) == (keys.session(sid), keys.sids(store.identifier_of(sid)))
