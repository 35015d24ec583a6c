"""What the tests of the running estate share.

First run those that put a trade through an estate as it was raised, and ask it; last those that stop a part of it or
kill a run. In between come all others, by name: what they change they put back.
"""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.estate import access
from tests.estate.web import Json2, Session
from tests.estate.world import Estate, Instance
from tests.lab import paths

ORDER = (
    "test_demo",
    "test_attachments",
    "test_edge",
    "test_tls",
    "test_tenancy",
    "test_backup",
    "test_service",
    "test_convergence",
    "test_restarts",
    "test_renewal",
    "test_interrupted",
    "test_failures",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Sort by file; what ORDER does not name comes with ``test_backup``."""

    def place(item: pytest.Item) -> int:
        name = item.path.stem
        return ORDER.index(name) if name in ORDER else ORDER.index("test_backup")

    items.sort(key=place)


@pytest.fixture(scope="session")
def estate() -> Estate:
    """The estate that ``.lab/estate.json`` describes; written anew from the inventory where it is missing."""
    if not paths.ESTATE_JSON.exists():
        command = "from tests.lab import estate; from tests.lab.plan import ESTATE; estate.write(ESTATE)"
        subprocess.run([sys.executable, "-c", command], cwd=paths.ROOT, check=True)
    return Estate.load()


@pytest.fixture(scope="session")
def north(estate: Estate) -> Instance:
    """The instance that trades."""
    return estate.instance("north")


@pytest.fixture(scope="session")
def south(estate: Estate) -> Instance:
    """The other tenant."""
    return estate.instance("south")


@pytest.fixture(scope="session")
def odoo(estate: Estate, north: Instance) -> Json2:
    """JSON-2 of north through the virtual address."""
    return access.json2(estate, north)


@pytest.fixture(scope="session")
def session(estate: Estate, north: Instance) -> Session:
    """The administrator of north, logged in through the virtual address."""
    return access.logged_in(estate, north)
