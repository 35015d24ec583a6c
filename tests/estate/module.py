"""Runs one module of the collection on one host, as somebody at the bastion would."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tests.estate import site
from tests.estate.world import Host


def run(host: Host, name: str, arguments: Mapping[str, Any], *flags: str, failing: bool = False) -> dict[str, Any]:
    """Return the module's result; ``failing`` says that it is to fail."""
    result = site.module(host.name, f"erpops.estate.{name}", dict(arguments), *flags)[host.name]
    assert result["failed"] == failing, result.get("msg")
    return result
