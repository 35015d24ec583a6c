"""One tenant's credentials open nothing of another's. Asked from an application node, where they lie."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.estate.world import Estate, Instance

# Each prints {"own": ..., "other": ...}: "" for success, else the refusal. The controls show that the
# credentials work at all, so that a refusal means what it says.
COMMON = """
import json, sys
own, other, address = sys.argv[1:4]
config = f"/etc/erpops/odoo/{own}"
def said(act):
    try:
        act()
    except Exception as error:
        return f"{type(error).__name__}: {error}"
    return ""
"""

POSTGRESQL = """
import psycopg2
password = open(f"{config}/pgpass").read().strip().rpartition(":")[2]
def connect(database, user=own):
    psycopg2.connect(host=address, dbname=database, user=user, password=password, connect_timeout=5,
                     sslmode="verify-full", sslrootcert="/etc/erpops/tls/ca.crt").close()
print(json.dumps({"own": said(lambda: connect(own)), "other": said(lambda: connect(other)),
                  "impersonation": said(lambda: connect(other, other))}))
"""

BUCKET = """
import configparser, boto3, botocore.config
found = configparser.ConfigParser()
found.read(f"{config}/aws_credentials")
keys = found["default"]
s3 = boto3.client("s3", endpoint_url=f"https://{address}:8333", aws_access_key_id=keys["aws_access_key_id"],
    aws_secret_access_key=keys["aws_secret_access_key"], region_name="us-east-1", verify="/etc/erpops/tls/ca.crt",
    config=botocore.config.Config(s3={"addressing_style": "path"}, retries={"max_attempts": 1}))
bucket = lambda name: f"{name}-attachments"
print(json.dumps({
    "own": said(lambda: s3.list_objects_v2(Bucket=bucket(own))),
    "list": said(lambda: s3.list_objects_v2(Bucket=bucket(other))),
    "put": said(lambda: s3.put_object(Bucket=bucket(other), Key="intruder", Body=b"x")),
    "backup": said(lambda: s3.list_objects_v2(Bucket="backup")),
}))
"""

REDIS = """
import redis
client = redis.Redis(host=address, port=6379, username=own, password=open(f"{config}/redis.password").read().strip(),
    ssl=True, ssl_ca_certs="/etc/erpops/tls/ca.crt", ssl_check_hostname=True)
print(json.dumps({
    "own": said(lambda: client.get(f"{own}:probe")),
    "get": said(lambda: client.get(f"{other}:probe")),
    "set": said(lambda: client.set(f"{other}:probe", "x")),
    "keys": said(lambda: client.keys("*")),
    "scan": said(lambda: client.scan()),
    "flush": said(lambda: client.flushall()),
    "config": said(lambda: client.config_get("*")),
}))
"""


def ask(estate: Estate, script: str, own: str, other: str, address: str) -> dict[str, str]:
    host = estate.group("odoo")[0]
    found: dict[str, Any] = json.loads(
        host.check_output("python3 -c %s %s %s %s", COMMON + script, own, other, address)
    )
    return found


@pytest.mark.parametrize(("own", "other"), [("south", "north"), ("north", "south")])
def test_databases(estate: Estate, own: str, other: str) -> None:
    for host in estate.group("patroni"):
        found = ask(estate, POSTGRESQL, own, other, host.address)
        assert found["own"] == ""
        assert "no pg_hba.conf entry" in found["other"] or "permission denied" in found["other"], found
        assert found["impersonation"] != "", found


@pytest.mark.parametrize(("own", "other"), [("south", "north"), ("north", "south")])
def test_buckets(estate: Estate, own: str, other: str) -> None:
    found = ask(estate, BUCKET, own, other, estate.group("object_storage")[0].address)
    assert found.pop("own") == ""
    for what, said in found.items():
        assert "AccessDenied" in said or "Forbidden" in said, (what, said)


@pytest.mark.parametrize(("own", "other"), [("south", "north"), ("north", "south")])
def test_keys_in_redis(estate: Estate, own: str, other: str) -> None:
    for host in estate.group("redis"):
        found = ask(estate, REDIS, own, other, host.address)
        assert found.pop("own") == ""
        for what, said in found.items():
            assert "NoPermission" in said, (host.name, what, said)


def test_one_instance_does_not_let_the_administrator_of_another_in(
    estate: Estate, north: Instance, south: Instance
) -> None:
    from tests.estate.web import Route, Session

    session = Session(Route.virtual(estate, south))
    with pytest.raises(AssertionError, match="status 200"):
        session.login(north.admin_login, north.admin_password)
