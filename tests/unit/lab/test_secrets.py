"""Secrets are made once: what exists stays, what is missing is added."""

from __future__ import annotations

from tests.lab import secrets


def test_every_secret_is_made_and_none_equals_another() -> None:
    made = secrets.completed({}, ["north", "south"])
    instances = made.pop("estate_instance_secrets")
    values = [*made.values(), *(value for each in instances.values() for value in each.values())]
    assert set(instances) == {"north", "south"}
    assert len(set(values)) == len(values)


def test_existing_secrets_are_kept() -> None:
    first = secrets.completed({}, ["north"])
    assert secrets.completed(first, ["north"]) == first


def test_a_new_instance_gets_its_own_and_changes_no_other() -> None:
    first = secrets.completed({}, ["north"])
    second = secrets.completed(first, ["north", "south"])
    assert second["estate_instance_secrets"]["north"] == first["estate_instance_secrets"]["north"]
    assert set(second["estate_instance_secrets"]) == {"north", "south"}


def test_variables_somebody_added_are_not_lost() -> None:
    assert secrets.completed({"added_by_hand": "kept"}, [])["added_by_hand"] == "kept"
