"""A database that several nodes set out to make at the same time is made once."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.client import Config

from tests.estate import site
from tests.estate.traces import leader, psql
from tests.estate.world import Estate, Host, Instance
from tests.lab import paths, secrets

NAME = "scratch"
PASSWORD = "only-for-this-test"  # noqa: S105 - made up
DIRECTORY = f"/etc/erpops/odoo/{NAME}"
# In the bucket of the instance whose credentials are borrowed, beside its own files.
PREFIX = f"{NAME}-test"
FILES = ("pg_service.conf", "pgpass", "aws_config", "aws_credentials", "redis.password", "web.conf")
LET_IN = f"hostssl {NAME},postgres {NAME} all scram-sha-256"


@pytest.fixture
def let_in(estate: Estate, south: Instance) -> Iterator[None]:
    """A role of its own that PostgreSQL lets in, a place for its files, and afterwards no trace of either."""
    keys = secrets.read()["estate_instance_secrets"][south.name]
    store = boto3.client(
        "s3",
        endpoint_url=f"https://{estate.group('object_storage')[0].address}:8333",
        verify=estate.ca_file,
        aws_access_key_id=keys["s3_access_key"],
        aws_secret_access_key=keys["s3_secret_key"],
        region_name="us-east-1",
        config=Config(s3={"addressing_style": "path"}, proxies={}),
    )
    bucket = f"{south.name}-attachments"
    # Odoo stores nothing where there is no bucket, and to it this is one.
    store.put_object(Bucket=bucket, Key=f"{PREFIX}/is-there")
    _drop(estate)
    for host in estate.group("patroni"):
        _access(host, f"1i {LET_IN}")
    yield
    for host in estate.group("patroni"):
        _access(host, f"/^{LET_IN}$/d")
    _drop(estate)
    for entry in store.list_objects_v2(Bucket=bucket, Prefix=f"{PREFIX}/").get("Contents", []):
        store.delete_object(Bucket=bucket, Key=entry["Key"])


def _drop(estate: Estate) -> None:
    psql(leader(estate), "postgres", f"drop database if exists {NAME} with (force)")
    psql(leader(estate), "postgres", f"drop role if exists {NAME}")


def _access(host: Host, edit: str) -> None:
    file = psql(host, "postgres", "show hba_file")
    host.check_output("docker exec patroni sed -i %s %s", edit, file)
    psql(host, "postgres", "select pg_reload_conf()")


def as_scratch(host: Host, south: Instance) -> dict[str, Any]:
    """Return the configuration of south's container as one of an instance that is not there yet."""
    own = f"/etc/erpops/odoo/{south.name}"
    found = {name: host.file(f"{own}/{name}").content_string.replace(own, DIRECTORY) for name in FILES}
    found["pg_service.conf"] = found["pg_service.conf"].replace(f"[{south.name}]", f"[{NAME}]")
    found["pg_service.conf"] = found["pg_service.conf"].replace(f"user={south.name}", f"user={NAME}")
    found["web.conf"] = found["web.conf"].replace(f"db_name = {south.database}", f"db_name = {NAME}")
    found["pgpass"] = f"*:*:*:{NAME}:{PASSWORD}\n"
    return found


def playbook(estate: Estate, south: Instance) -> list[dict[str, Any]]:
    """Return the two steps of the role for one instance, as all nodes at the same time."""
    addresses = [host.address for host in estate.group("patroni")]
    made = {"name": NAME, "database": NAME, "password": PASSWORD}
    environment = {
        "PGSERVICE": NAME,
        "PGSERVICEFILE": f"{DIRECTORY}/pg_service.conf",
        "AWS_CONFIG_FILE": f"{DIRECTORY}/aws_config",
        "AWS_SHARED_CREDENTIALS_FILE": f"{DIRECTORY}/aws_credentials",
    }
    arguments = {
        **made,
        "hosts": addresses,
        "url": f"https://{NAME}.example.com",
        "bucket": f"{south.name}-attachments/{PREFIX}",
        "modules": ["base"],
        "admin_password": PASSWORD,
        "image": "{{ estate_images.odoo }}",
        "config_directory": DIRECTORY,
        "config_files": as_scratch(estate.group("odoo")[0], south),
        "environment": environment,
        "mounts": {"/etc/erpops/tls/ca.crt": "/etc/erpops/tls/ca.crt"},
        "addons_path": "/usr/lib/python3/dist-packages/odoo/addons,/opt/addons/odoo/addons,/opt/erpops/addons",
    }
    administration = {"hosts": addresses, "login_password": "{{ patroni_superuser_password }}", "instances": [made]}
    tasks = [
        {"name": "database", "erpops.estate.odoo_database": administration},
        {"name": "instance", "erpops.estate.odoo_instance": arguments},
    ]
    return [{"hosts": "odoo", "become": True, "gather_facts": False, "tasks": tasks}]


@pytest.mark.usefixtures("let_in")
def test_several_nodes_at_once_make_one_database(estate: Estate, south: Instance, tmp_path: Path) -> None:
    file = tmp_path / "play.yml"
    paths.write_private(file, json.dumps(playbook(estate, south)))
    run = site.run(playbook=str(file))
    actions: dict[str, list[list[str]]] = {"database": [], "instance": []}
    for _host, task, result in run.results:
        actions[task].append(result["actions"])
    for task, first in (("database", f"database {NAME}: create"), ("instance", "installed base")):
        assert len(actions[task]) == len(estate.group("odoo")) >= 2
        assert sum(any(act.startswith(first) for act in acts) for acts in actions[task]) == 1, actions
    states = psql(leader(estate), NAME, "select state, count(*) from ir_module_module group by 1 order by 1")
    assert not [line for line in states.splitlines() if line.startswith("to ")], states
    assert psql(leader(estate), NAME, "select count(*) from res_company") == "1"
