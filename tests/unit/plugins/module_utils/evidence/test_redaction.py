# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import json
from typing import Any

import pytest
from ansible_collections.erpops.estate.plugins.module_utils.evidence.redaction import (
    REDACTED,
    is_secret,
    redact,
    values,
)
from hypothesis import given
from hypothesis import strategies as st

CANARY = "canary-7f3a"


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("patroni_superuser_password", True),
        ("backup_cipher_passphrase", True),
        ("object_storage_secret_key", True),
        ("estate_odoo_secrets", True),
        ("aws_access_key", True),
        ("api_token", True),
        ("certificates_ca_passphrase", True),
        ("patroni_password_file", False),
        ("secrets_dir", False),
        ("password_length", False),
        ("plan_digest", False),
        ("estate_name", False),
        ("keys", False),
        ("etcd_cluster_token", False),
    ],
)
def test_secrets_are_told_by_their_names(name: str, expected: bool) -> None:
    assert is_secret(name) == expected


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("a_password", CANARY, {CANARY}),
        ("a_password", "short", set()),
        ("an_endpoint", CANARY, set()),
        ("an_endpoint", {"login": {"secret_key": CANARY, "user": "somebody"}}, {CANARY}),
        ("odoo_secrets", {"acme": [{"any": CANARY}]}, {CANARY}),
        ("a_private_key", "-----BEGIN-----\ncanary-line\n", {"-----BEGIN-----\ncanary-line\n"} | {"canary-line"}),
    ],
)
def test_the_values_of_secrets_are_found_wherever_they_are(name: str, value: Any, expected: set[str]) -> None:
    assert expected <= set(values(name, value))
    assert bool(set(values(name, value))) == bool(expected)


def test_they_are_taken_out_of_every_text_and_every_name() -> None:
    data = {
        "steps": [{"task": f"Set {CANARY}", "seconds": 1.5, "ok": True, "none": None}],
        f"x{CANARY}": (f"{CANARY}-and-more",),
        "db_password": "whatever it is",
        "empty_password": "",
    }
    assert redact(data, {CANARY, f"{CANARY}-and-more"}) == {
        "steps": [{"task": f"Set {REDACTED}", "seconds": 1.5, "ok": True, "none": None}],
        f"x{REDACTED}": [REDACTED],
        "db_password": REDACTED,
        "empty_password": "",
    }


plain = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.text(max_size=8), st.just(CANARY), st.just(f"x {CANARY} y")),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=6) | st.just(CANARY), inner, max_size=4)
    ),
    max_leaves=12,
)


@given(plain)
def test_no_canary_survives_whatever_the_data(data: Any) -> None:
    assert CANARY not in json.dumps(redact(data, {CANARY}))
