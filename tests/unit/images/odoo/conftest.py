# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The add-ons' pure files, loaded one by one: the packages they stand in need Odoo."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest

ADDONS = Path(__file__).parents[4] / "images" / "odoo" / "addons"


def load(addon: str, name: str) -> ModuleType:
    """Import one file of an add-on."""
    qualified = f"{addon}_{name}"
    spec = importlib.util.spec_from_file_location(qualified, ADDONS / addon / f"{name}.py")
    if spec is None or spec.loader is None:
        raise ImportError(f"{addon}/{name}.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[qualified] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def settings() -> ModuleType:
    return load("erpops_session_redis", "settings")


@pytest.fixture(scope="session")
def keys() -> ModuleType:
    return load("erpops_session_redis", "keys")


@pytest.fixture(scope="session")
def retrying() -> ModuleType:
    return load("erpops_session_redis", "retrying")


@pytest.fixture(scope="session")
def drain() -> ModuleType:
    return load("erpops_estate", "drain")


@pytest.fixture(scope="session")
def attempt() -> ModuleType:
    return load("erpops_estate", "attempt")


@pytest.fixture(scope="session")
def estate_settings() -> ModuleType:
    return load("erpops_estate", "settings")


@pytest.fixture(scope="session")
def hung_up() -> ModuleType:
    return load("erpops_estate", "hung_up")
