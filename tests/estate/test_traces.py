"""Where a trade and a login went: asked of the daemons that should hold them."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from functools import partial

import redis

from tests.estate import access
from tests.estate.journey import Trade
from tests.estate.wait import until
from tests.estate.web import Json2, Route, Session, websocket_status
from tests.estate.world import Estate, Host, Instance


def psql(host: Host, database: str, query: str) -> str:
    return host.docker("exec", "patroni", "psql", "-U", "postgres", "-d", database, "-Atc", query).strip()


def leader(estate: Estate) -> Host:
    return next(host for host in estate.group("patroni") if psql(host, "postgres", "select pg_is_in_recovery()") == "f")


def redis_of(estate: Estate, host: Host) -> redis.Redis:
    password = host.read("/etc/erpops/redis_client/admin.password").strip()
    return redis.Redis(
        host=host.address, port=6379, username="admin", password=password,
        ssl=True, ssl_ca_certs=estate.ca_file, ssl_check_hostname=True,
    )  # fmt: skip


def _is(expected: object, ask: Callable[[], object]) -> bool:
    return ask() == expected


def test_the_order_is_on_the_leader_and_on_every_replica(estate: Estate, north: Instance, trade: Trade) -> None:
    query = "select count(*) from sale_order where client_order_ref = '" + trade.reference + "'"  # noqa: S608 - our own
    roles = []
    for host in estate.group("patroni"):
        count = partial(psql, host, north.database, query)
        until(partial(_is, "1", count), 10, f"the order on {host.name}")
        roles.append(psql(host, "postgres", "select pg_is_in_recovery()"))
    assert sorted(roles) == ["f", "t", "t"]


def test_the_login_is_a_key_in_redis_with_an_expiry(estate: Estate, north: Instance, session: Session) -> None:
    key = f"{north.name}:session:{session.session_id}"
    for host in estate.group("redis"):
        client = redis_of(estate, host)
        until(partial(_is, 1, partial(client.exists, key)), 5, f"the session in Redis on {host.name}")
        assert 0 < int(client.ttl(key)) <= 7 * 24 * 3600


def test_the_attached_file_is_an_object_in_the_bucket(
    estate: Estate, north: Instance, odoo: Json2, trade: Trade
) -> None:
    name = odoo.read("ir.attachment", trade.attachment, "store_fname")["store_fname"]
    storage, separator, key = name.partition("://")
    assert separator, f"expected the file in object storage, found {name}"
    store = estate.group("object_storage")[0].address
    script = f"""
import configparser, hashlib, json
import boto3, botocore.config
credentials = configparser.ConfigParser()
credentials.read("/etc/erpops/odoo/{north.name}/aws_credentials")
own = credentials["default"]
s3 = boto3.client("s3", endpoint_url="https://{store}:8333",
    aws_access_key_id=own["aws_access_key_id"], aws_secret_access_key=own["aws_secret_access_key"],
    region_name="us-east-1", verify="/etc/erpops/tls/ca.crt",
    config=botocore.config.Config(s3={{"addressing_style": "path"}}))
found = []
for page in s3.get_paginator("list_objects_v2").paginate(Bucket="{north.name}-attachments"):
    found += [entry["Key"] for entry in page.get("Contents", []) if entry["Key"].endswith({key.rpartition("/")[2]!r})]
bodies = [s3.get_object(Bucket="{north.name}-attachments", Key=key)["Body"].read().hex() for key in found]
print(json.dumps(bodies))
"""
    bodies = json.loads(estate.group("odoo")[0].run("python3", "-", stdin=script))
    assert bodies == [trade.content.hex()], f"expected one object {key} of storage {storage} with the file's content"


def test_nothing_is_left_in_a_filestore_of_one_node(estate: Estate, odoo: Json2) -> None:
    query = """select count(*) from ir_attachment where store_fname is not null and store_fname not like '%://%'"""
    assert psql(leader(estate), odoo.database, query) == "0"


def test_write_ahead_log_reaches_the_repository(estate: Estate) -> None:
    host = leader(estate)
    segment = psql(host, "postgres", "select pg_walfile_name(pg_switch_wal())")
    until(
        lambda: psql(host, "postgres", "select coalesce(last_archived_wal, '') from pg_stat_archiver") >= segment,
        60,
        f"segment {segment} to be archived",
    )
    info = json.loads(host.docker("exec", "patroni", "pgbackrest", "info", "--output=json"))
    assert max(archive["max"] for archive in info[0]["archive"]) >= segment


def test_a_job_that_is_enqueued_is_done(odoo: Json2, session: Session) -> None:
    answer = session.get("/queue_job/create_test_job")
    assert answer.status == 200, answer.text[:500]
    identity = answer.text.rpartition(":")[2].strip()

    def done() -> bool:
        jobs = odoo.find("queue.job", [["uuid", "=", identity]], "state", "exc_info")
        assert jobs, f"expected job {identity}, found none"
        assert jobs[0]["state"] != "failed", jobs
        return bool(jobs[0]["state"] == "done")

    until(done, 60, f"job {identity} to be done")


def test_one_node_runs_the_jobs(estate: Estate, north: Instance) -> None:
    containers = [host.containers()[f"odoo_{north.name}_jobs"] for host in estate.group("odoo")]
    assert all(container["State"]["Running"] for container in containers)


def test_a_websocket_opens_through_the_edge(estate: Estate, north: Instance, session: Session) -> None:
    assert websocket_status(Route.virtual(estate, north), session) == 101


def test_health_of_every_service(estate: Estate) -> None:
    from tests.estate import sight

    deadline = time.monotonic() + 30
    while True:
        ill = [row for row in sight.look(estate) if row.health != "healthy"]
        if not ill or time.monotonic() > deadline:
            break
        time.sleep(2)
    assert not ill


def test_both_instances_answer(estate: Estate) -> None:
    for instance in estate.instances:
        assert access.logged_in(estate, instance).user() == instance.admin_login
