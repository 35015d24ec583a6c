"""A language that the inventory names becomes active; translations that nobody asked for are not in the image."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.estate import access, authority, site
from tests.estate.web import Json2
from tests.estate.world import Estate, Instance
from tests.lab import images, inventory

CODE = "fr_BE"
TASK = "erpops.estate.odoo : Have modules, parameters, languages and the storage of attachments"


@pytest.fixture(scope="module")
def odoo_of_south(estate: Estate, south: Instance) -> Json2:
    return access.json2(estate, south)


def languages(odoo: Json2) -> dict[str, int]:
    """Return the active languages by code."""
    return {entry["code"]: int(entry["id"]) for entry in odoo.find("res.lang", [], "code")}


def test_a_language_that_is_asked_for_becomes_active(south: Instance, odoo_of_south: Json2, tmp_path: Path) -> None:
    before = languages(odoo_of_south)
    assert CODE not in before
    instances = inventory.instances()
    next(entry for entry in instances if entry["name"] == south.name)["languages"] = ["en_US", CODE]
    arguments = ("--tags", "odoo_configure", *authority.given(tmp_path, estate_instances=instances))
    try:
        assert {task for _host, task in site.run(*arguments).tasks} == {TASK}
        assert set(languages(odoo_of_south)) == {*before, CODE}
        assert site.run(*arguments).tasks == ()
    finally:
        # What a user may have made in a language is not taken away by a run, so this does it by hand.
        found = languages(odoo_of_south).get(CODE)
        if found:
            odoo_of_south.call("res.lang", "write", ids=[found], vals={"active": False})


def test_translations_that_nobody_asked_for_are_not_in_the_image(estate: Estate, south: Instance) -> None:
    asked = set(images.languages(inventory.instances()))
    find = "find /usr/lib/python3/dist-packages/odoo /opt/addons -path '*/i18n*/*.po' -printf '%f\\n'"
    for host in estate.group("odoo"):
        shown = host.check_output("docker exec %s sh -c %s", access.web_container(south), find)
        assert {name.removesuffix(".po") for name in shown.split()} <= asked
