"""Where a trade and a login went, asked of the daemons that should hold them.

Each trace asserts, and returns what it found as a sentence: the tests want the one, the demonstration the other.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import redis
from ansible_collections.erpops.estate.plugins.module_utils.members.odoo import RUNNER_LOCK

from tests.estate import access
from tests.estate.journey import Trade
from tests.estate.wait import until, until_whole
from tests.estate.web import Json2, OdooError, Route, Session, websocket_status
from tests.estate.world import Estate, Host, Instance

# Who holds the lock of queue_job's runners hands out the jobs.
RUNNERS = f"""
select a.application_name from pg_locks l join pg_stat_activity a on a.pid = l.pid
where l.locktype = 'advisory' and l.granted and a.datname = current_database()
  and (l.classid::bigint << 32 | l.objid::bigint) = {RUNNER_LOCK}
"""  # noqa: S608 - a number of our own


@dataclass(frozen=True)
class Walk:
    """A trade that was made, and the ways by which it was."""

    estate: Estate
    instance: Instance
    odoo: Json2
    session: Session
    trade: Trade


def psql(host: Host, database: str, query: str) -> str:
    return str(host.check_output("docker exec patroni psql -U postgres -d %s -XAtqc %s", database, query))


def leader(estate: Estate) -> Host:
    return next(host for host in estate.group("patroni") if psql(host, "postgres", "select pg_is_in_recovery()") == "f")


def redis_of(estate: Estate, host: Host, port: int = 6379) -> redis.Redis:
    password = host.file("/etc/erpops/redis_client/admin.password").content_string.strip()
    return redis.Redis(
        host=host.address,
        port=port,
        username="admin",
        password=password,
        ssl=True,
        ssl_ca_certs=estate.ca_file,
        ssl_check_hostname=True,
    )


def redis_master(estate: Estate) -> Host:
    return next(
        host for host in estate.group("redis") if redis_of(estate, host).info("replication")["role"] == "master"
    )


def order_on_every_member(walk: Walk) -> str:
    """The order is a row on the leader and on every replica."""
    query = "select count(*) from sale_order where client_order_ref = '" + walk.trade.reference + "'"  # noqa: S608 - our own
    recovering = {}
    for host in walk.estate.group("patroni"):
        count = partial(psql, host, walk.instance.database, query)
        until(partial(_is, "1", count), 10, f"the order on {host.name}")
        recovering[host.name] = psql(host, "postgres", "select pg_is_in_recovery()")
    assert sorted(recovering.values()) == ["f", "t", "t"], recovering
    roles = ", ".join(f"{name} ({'replica' if state == 't' else 'leader'})" for name, state in recovering.items())
    return f"{walk.trade.sale_name} is a row on {roles}"


def login_in_redis(walk: Walk) -> str:
    """The session is a key with an expiry on every Redis."""
    key = f"{walk.instance.name}:session:{walk.session.session_id}"
    for host in walk.estate.group("redis"):
        client = redis_of(walk.estate, host)
        until(partial(_is, 1, partial(client.exists, key)), 5, f"the session in Redis on {host.name}")
        assert 0 < int(client.ttl(key)) <= 7 * 24 * 3600
    names = ", ".join(host.name for host in walk.estate.group("redis"))
    return f"the login is a key of {len(key)} characters in Redis on {names}"


def login_on_every_node(walk: Walk) -> str:
    """The login holds on every application node, whichever made it."""
    for host in walk.estate.group("odoo"):
        found = walk.session.through(access.node_route(host, walk.instance)).user()
        assert found == walk.instance.admin_login, f"{host.name}: {found}"
    return f"the login holds on {', '.join(host.name for host in walk.estate.group('odoo'))}"


def login_outlives_its_node(walk: Walk) -> str:
    """A login lives on when the container that made it is gone."""
    host, container = walk.estate.group("odoo")[0], access.web_container(walk.instance)
    session = access.logged_in(walk.estate, walk.instance, access.node_route(host, walk.instance))
    host.check_output("docker kill %s", container)
    through_edge, found = session.through(Route.virtual(walk.estate, walk.instance)), list[str]()
    try:
        # Until its next look at the node the edge still sends every other request there, and says 502.
        until(lambda: _asked(through_edge, found), 10, "an answer of the node that is left")
    finally:
        host.check_output("docker start %s", container)
    assert found == [walk.instance.admin_login]
    until_whole(walk.estate)
    return f"a login that was made on {host.name} outlived the loss of Odoo there"


def _asked(session: Session, found: list[str]) -> bool:
    """Ask who is logged in and keep the answer; return whether anybody was there to ask."""
    try:
        found.append(session.user())
    except OdooError as error:
        if error.status != 502:
            raise
    return bool(found)


def file_in_bucket(walk: Walk) -> str:
    """The attached file is one object in the instance's bucket, read with the instance's own credentials."""
    stored = walk.odoo.read("ir.attachment", walk.trade.attachment, "store_fname")["store_fname"]
    _storage, separator, key = stored.partition("://")
    assert separator, f"expected the file in object storage, found {stored}"
    bucket = f"{walk.instance.name}-attachments"
    script = f"""
import configparser, json
import boto3, botocore.config
credentials = configparser.ConfigParser()
credentials.read("/etc/erpops/odoo/{walk.instance.name}/aws_credentials")
own = credentials["default"]
s3 = boto3.client("s3", endpoint_url="https://{walk.estate.group("object_storage")[0].address}:8333",
    aws_access_key_id=own["aws_access_key_id"], aws_secret_access_key=own["aws_secret_access_key"],
    region_name="us-east-1", verify="/etc/erpops/tls/ca.crt",
    config=botocore.config.Config(s3={{"addressing_style": "path"}}))
found = []
for page in s3.get_paginator("list_objects_v2").paginate(Bucket="{bucket}"):
    found += [entry["Key"] for entry in page.get("Contents", []) if entry["Key"].endswith({key.rpartition("/")[2]!r})]
print(json.dumps([s3.get_object(Bucket="{bucket}", Key=key)["Body"].read().hex() for key in found]))
"""
    bodies = json.loads(walk.estate.group("odoo")[0].check_output("python3 -c %s", script))
    assert bodies == [walk.trade.content.hex()], (
        f"expected one object {key} with the file's content, found {len(bodies)}"
    )
    return f"the file is the object {key} in the bucket {bucket}, {len(walk.trade.content)} bytes"


def log_in_repository(walk: Walk) -> str:
    """A segment of write-ahead log that is complete reaches the backup repository."""
    host = leader(walk.estate)
    # A segment that nothing was written to yet is not switched.
    psql(host, "postgres", "select pg_create_restore_point('trace')")
    segment = psql(host, "postgres", "select pg_walfile_name(pg_switch_wal())")
    archived = "select coalesce(last_archived_wal, '') from pg_stat_archiver"
    until(lambda: psql(host, "postgres", archived) >= segment, 60, f"segment {segment} to be archived")
    info = json.loads(host.check_output("docker exec patroni pgbackrest info --output=json"))
    newest = max(archive["max"] for archive in info[0]["archive"])
    assert newest >= segment, f"expected {segment} in the repository, found {newest}"
    return f"write-ahead log up to segment {newest} is in the backup repository"


def a_job_done(walk: Walk) -> str:
    """A job that is enqueued is done by the containers for jobs."""
    return job_done(walk.session, walk.odoo)


def job_done(session: Session, odoo: Json2) -> str:
    """Enqueue a job and wait until it is done."""
    answer = session.get("/queue_job/create_test_job")
    assert answer.status == 200, answer.text[:500]
    identity = answer.text.rpartition(":")[2].strip()

    def done() -> bool:
        jobs = odoo.find("queue.job", [["uuid", "=", identity]], "state", "exc_info")
        assert jobs, f"expected job {identity}, found none"
        assert jobs[0]["state"] != "failed", jobs
        return bool(jobs[0]["state"] == "done")

    took = until(done, 60, f"job {identity} to be done")
    return f"a job was enqueued and done {took:.1f} s later"


def one_runner(walk: Walk) -> str:
    """The containers for jobs run on every application node, and one of them holds the lock that hands jobs out."""
    for host in walk.estate.group("odoo"):
        assert host.docker(f"odoo_{walk.instance.name}_jobs").is_running, host.name
    holders = psql(leader(walk.estate), walk.instance.database, RUNNERS).splitlines()
    assert len(holders) == 1, f"expected one runner of jobs, found {holders}"
    return f"one runner hands out the jobs: {holders[0]}"


def websocket_opens(walk: Walk) -> str:
    """A websocket opens through the edge."""
    status = websocket_status(Route.virtual(walk.estate, walk.instance), walk.session)
    assert status == 101, f"expected 101, found {status}"
    return "a websocket opens through the edge: 101"


TRACES: tuple[Callable[[Walk], str], ...] = (
    order_on_every_member,
    login_in_redis,
    login_on_every_node,
    login_outlives_its_node,
    file_in_bucket,
    log_in_repository,
    a_job_done,
    one_runner,
    websocket_opens,
)


def _is(expected: object, ask: Callable[[], object]) -> bool:
    return ask() == expected
