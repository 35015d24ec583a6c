# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The expressions by which the edge closes doors, as the role renders them."""

from __future__ import annotations

import re
from pathlib import Path

import jinja2
import pytest
import yaml

ROLE = Path(__file__).resolve().parents[3] / "roles" / "traefik"
VARIABLES = yaml.safe_load((ROLE / "vars" / "main.yml").read_text(encoding="utf-8"))


def too_large(limit: int) -> re.Pattern[str]:
    environment = jinja2.Environment(autoescape=False)  # noqa: S701 - an expression, not a page
    return re.compile(
        environment.from_string(VARIABLES["__traefik_body_too_large"]).render(traefik_body_limit_bytes=limit)
    )


@pytest.mark.parametrize("limit", [1048576, 9999999, 10000000, 134217728, 134217729, 999999998])
def test_exactly_the_lengths_above_the_limit_are_refused(limit: int) -> None:
    pattern = too_large(limit)
    for length in (0, 1, limit - 1, limit, limit // 10, limit // 2):
        assert not pattern.fullmatch(str(length)), length
    for length in (limit + 1, limit + 9, limit + 10, limit + 12345, limit * 2, limit * 10, limit * 12345):
        assert pattern.fullmatch(str(length)), length
    assert pattern.fullmatch("000" + str(limit + 1))


@pytest.mark.parametrize(
    ("path", "limited"),
    [
        ("/web/login", True),
        ("/web/login/", True),
        ("/en/web/login", True),
        ("/pt_BR/web/login", True),
        ("/web/session/authenticate", True),
        ("/web/login_successful", False),
        ("/web/session/get_session_info", False),
        ("/json/2/res.users/read", False),
    ],
)
def test_what_counts_as_a_login_attempt(path: str, limited: bool) -> None:
    assert bool(re.search(VARIABLES["__traefik_login_path"], path)) is limited


@pytest.mark.parametrize("template", sorted((ROLE / "templates").glob("*.j2")), ids=lambda path: path.name)
def test_nothing_is_ever_sent_twice(template: Path) -> None:
    # Traefik's own retries take no heed of the method: an order would be entered twice.
    assert not re.search(r"^\s*retry\s*:", template.read_text(encoding="utf-8"), re.MULTILINE | re.IGNORECASE)
