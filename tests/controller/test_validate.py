# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs the playbook itself on inventories that are in order and on one that is not."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from ansible.parsing.vault import VaultLib, VaultSecret

from tests.conftest import REPOSITORY, SOURCE
from tests.unit.plugins.module_utils.policy.inventories import GROUPS, variables

EXAMPLES = sorted(path.name for path in (REPOSITORY / "inventories").glob("example-*"))


def validate(
    *arguments: str, directory: Path, playbook: str = "erpops.estate.validate"
) -> subprocess.CompletedProcess[str]:
    password = directory / "password"
    password.write_text("example", encoding="utf-8")
    environment = {
        **os.environ,
        "ANSIBLE_COLLECTIONS_PATH": str(SOURCE),
        "ANSIBLE_VAULT_PASSWORD_FILE": str(password),
        "ANSIBLE_LOCALHOST_WARNING": "false",
        "ANSIBLE_FORCE_COLOR": "false",
    }
    program = Path(sys.executable).with_name("ansible-playbook")
    command = [str(program), *arguments, playbook]
    return subprocess.run(
        command, cwd=directory, env=environment, capture_output=True, text=True, check=False, timeout=60
    )


def write(directory: Path, *, quorum: int = 3, **changed: object) -> Path:
    """Write an inventory with a vault, as a user would; its hosts cannot be reached."""
    inventory = directory / "inv"
    (inventory / "group_vars" / "all").mkdir(parents=True)
    groups = {**GROUPS, "etcd": GROUPS["etcd"][:quorum]}
    hosts = {"n1": "192.0.2.1", "n2": "192.0.2.2", "n3": "192.0.2.3", "s1": "192.0.2.4"}
    children = {group: {"hosts": dict.fromkeys(names)} for group, names in groups.items()}
    estate = {"estate": {"hosts": {h: {"ansible_host": a} for h, a in hosts.items()}, "children": children}}
    settings = {**variables("all", "x"), "estate_virtual_ip": "192.0.2.10", **changed}
    for name in ("estate_address", "estate_data_address"):
        del settings[name]
    secrets = {name: settings.pop(name) for name in list(settings) if name.endswith(("_password", "_key", "_secrets"))}
    secrets |= {name: settings.pop(name) for name in list(settings) if name.endswith("passphrase")}
    (inventory / "hosts.yml").write_text(yaml.safe_dump({"all": {"children": estate}}), encoding="utf-8")
    (inventory / "group_vars" / "all" / "estate.yml").write_text(yaml.safe_dump(settings), encoding="utf-8")
    vault = VaultLib([("default", VaultSecret(b"example"))])
    # One secret stands encrypted in a file of its own, the others in a file that is encrypted as a whole.
    inline = ["certificates_ca_passphrase: !vault |"]
    inline += [
        f"  {line}" for line in vault.encrypt(str(secrets.pop("certificates_ca_passphrase"))).decode().splitlines()
    ]
    (inventory / "group_vars" / "all" / "inline.yml").write_text("\n".join(inline), encoding="utf-8")
    encrypted = vault.encrypt(yaml.safe_dump(secrets))
    (inventory / "group_vars" / "all" / "secrets.yml").write_bytes(encrypted)
    return inventory


def spent() -> float:
    """Return the processor's seconds of what ran so far: they do not depend on what else the machine does."""
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return children.ru_utime + children.ru_stime


def test_an_inventory_in_order_passes_soon_and_touches_no_host(tmp_path: Path) -> None:
    inventory = write(tmp_path)
    nothing = tmp_path / "nothing.yml"
    nothing.write_text("- hosts: localhost\n  gather_facts: false\n", encoding="utf-8")
    times = [spent()]
    validate("-i", str(inventory), directory=tmp_path, playbook=str(nothing))
    times.append(spent())
    run = validate("-i", str(inventory), "-vvv", directory=tmp_path)
    times.append(spent())
    assert run.returncode == 0, run.stdout + run.stderr
    assert "The inventory of 4 hosts is in order" in run.stdout
    assert "ESTABLISH SSH CONNECTION" not in run.stdout
    bare, judged = times[1] - times[0], times[2] - times[1]
    print(f"{judged:.1f} s of a processor, {judged / bare:.1f} times a playbook that does nothing")
    assert judged < 3 * bare


def test_everything_wrong_is_said_at_once_and_no_secret_with_it(tmp_path: Path) -> None:
    inventory = write(
        tmp_path,
        quorum=2,
        estate_vertual_ip="192.0.2.10",
        estate_host_memory_mb="much",
        patroni_superuser_password="",
        redis_sentinel_admin_password="hunter2",  # noqa: S106 - made up
        backup_cipher_passphrase="{{ nowhere }}",  # noqa: S106 - made up
    )
    # --limit does not narrow it.
    run = validate("-i", str(inventory), "--limit", "n3", directory=tmp_path)
    assert run.returncode != 0
    for expected in (
        "group etcd: hosts: 2 etcd members",
        "inv/group_vars/all/estate.yml:",
        "estate_vertual_ip: no role of the collection knows this name. Did you mean estate_virtual_ip",
        "estate_host_memory_mb: ",
        "inv/group_vars/all/secrets.yml (encrypted): patroni_superuser_password: this secret is not set",
        "backup_cipher_passphrase: it cannot be resolved",
        "redis_sentinel_admin_password: it does not fit. Use 16 characters or more",
        "6 findings",
    ):
        assert expected in run.stdout + run.stderr
    assert "hunter2" not in run.stdout + run.stderr


def test_a_host_that_is_reached_by_its_name_has_no_address(tmp_path: Path) -> None:
    inventory = write(tmp_path)
    hosts = inventory / "hosts.yml"
    hosts.write_text(hosts.read_text(encoding="utf-8").replace("192.0.2.2", "db2.example.com"), encoding="utf-8")
    run = validate("-i", str(inventory), directory=tmp_path)
    said = run.stdout + run.stderr
    assert "1 findings" in said
    assert "estate_address: 'db2.example.com' is a name, and what n2 has of etcd, patroni, redis, odoo and edge" in said
    assert "Set it, or ansible_host, to the IPv4 address of n2" in said


def test_a_store_elsewhere_is_written_to_only_where_somebody_says_so(tmp_path: Path) -> None:
    inventory = write(tmp_path, backup_s3_address="s3.example.com", odoo_s3_endpoint="https://s3.example.com")
    hosts = yaml.safe_load((inventory / "hosts.yml").read_text(encoding="utf-8"))
    del hosts["all"]["children"]["estate"]["children"]["object_storage"]
    (inventory / "hosts.yml").write_text(yaml.safe_dump(hosts), encoding="utf-8")
    run = validate("-i", str(inventory), directory=tmp_path)
    assert "1 findings" in run.stdout + run.stderr
    assert (
        "patroni_archive_enabled and backup_s3_address: found nothing and 's3.example.com'" in run.stdout + run.stderr
    )
    run = validate("-i", str(inventory), "-e", '{"patroni_archive_enabled": true}', directory=tmp_path)
    assert run.returncode == 0, run.stdout + run.stderr


def test_what_the_command_line_sets_is_found_there(tmp_path: Path) -> None:
    run = validate("-i", str(write(tmp_path)), "-e", "patroni_ttl=10", directory=tmp_path)
    assert "--extra-vars: patroni_ttl: expected a number from 20 to 3600, found 10" in run.stdout + run.stderr


def test_facts_can_only_be_judged_later(tmp_path: Path) -> None:
    inventory = write(tmp_path, estate_host_memory_mb="{{ ansible_facts.memtotal_mb // 2 }}")
    run = validate("-i", str(inventory), directory=tmp_path)
    assert run.returncode == 0, run.stdout + run.stderr


@pytest.mark.parametrize("example", EXAMPLES)
def test_the_examples_are_in_order(example: str, tmp_path: Path) -> None:
    run = validate("-i", str(REPOSITORY / "inventories" / example), directory=tmp_path)
    assert run.returncode == 0, run.stdout + run.stderr
