"""All that a run could have changed, by the daemons' own tools: a dry run leaves every bit of it as it was."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator
from contextlib import contextmanager

from tests.estate.daemons import Etcd
from tests.estate.store import Store
from tests.estate.traces import leader, psql, redis_of
from tests.estate.world import Estate, Host

# Each line a digest and what it is of. Counters of the packet filter change all the time and are left out.
FILES = """
find /etc/erpops /etc/keepalived /etc/systemd/system /etc/docker /etc/sysctl.d /etc/nftables.conf /etc/nftables.d \
  /usr/local/lib/erpops /var/lib/erpops/proven -type f -exec sha256sum {} +
ls -A /run/erpops /var/lib/erpops 2>&1 | sha256sum | sed 's/-$/directories/'
nft --stateless list ruleset | sha256sum | sed 's/-$/packet filter/'
sysctl --all --pattern '^net[.]ipv4[.]conf[.]' 2>/dev/null | sha256sum | sed 's/-$/kernel settings/'
systemctl show --property=Id,ActiveState,UnitFileState erpops-leases.timer erpops-backup-full.timer \
  erpops-backup-incremental.timer keepalived docker | sha256sum | sed 's/-$/units/'
"""
# What asks in a container leaves events of its own: the repository's state, and the code of Odoo's modules by checksum.
ASKING = re.compile(r"exec_die|exec_(create|start): (pgbackrest .* info|python3 -c \nimport hashlib.*)", re.DOTALL)

ROLES = "select md5(string_agg(a::text, ',' order by rolname)) from pg_authid a"
DATABASES = "select datname, datdba, datacl from pg_database order by 1"
PARAMETERS = "select md5(string_agg(key || '=' || value, ',' order by key)) from ir_config_parameter"
ATTACHMENTS = "select count(*), count(db_datas), count(store_fname) from ir_attachment"
# The tables of the collection's own, whatever they are called, row by row.
OWN = """
select table_name,
  md5(query_to_xml(format('select t::text from erpops.%I t order by 1', table_name), true, false, '')::text)
from information_schema.tables where table_schema = 'erpops' order by 1
"""


def started(estate: Estate) -> dict[tuple[str, str], tuple[str, str]]:
    """Return identity and start of every container of every host."""
    return {
        (host.name, name): (container["Id"], container["State"]["StartedAt"])
        for host in estate.hosts
        for name, container in host.containers().items()
    }


def everything(estate: Estate) -> dict[str, str]:
    """Return what there is by name; of what could be secret a digest."""
    found = {f"container {host} {name}": " ".join(state) for (host, name), state in started(estate).items()}
    for host in estate.hosts:
        found |= {f"{host.name} {what}": digest for digest, what in _lines(host.run(FILES).stdout)}
    return found | _cluster(estate) | _redis(estate) | _buckets(estate)


@contextmanager
def untouched(estate: Estate) -> Iterator[None]:
    """See that nothing of it differs afterwards, and that no engine was asked for more than an answer."""
    before = everything(estate)
    since = {host.name: now(host) for host in estate.hosts}
    yield
    happened = {host.name: events(host, since[host.name]) for host in estate.hosts}
    after = everything(estate)
    assert {name: happened[name] for name in happened if happened[name]} == {}
    assert sorted(name for name in {*before, *after} if before.get(name) != after.get(name)) == []


def now(host: Host) -> str:
    """Return the host's time, as its engine takes it."""
    return str(host.check_output("date +%s.%N")).strip()


def events(host: Host, since: str) -> list[str]:
    """Return what the host's engine has done since then, but for commands that only ask."""
    told = host.check_output("docker events --since %s --until %s --format %s", since, now(host), "{{json .}}")
    found = [json.loads(line) for line in told.splitlines()]
    return [f"{event['Type']} {event['Action']}" for event in found if not ASKING.fullmatch(event["Action"])]


def _lines(text: str) -> list[tuple[str, str]]:
    return [(line.split(None, 1)[0], line.split(None, 1)[1]) for line in text.splitlines() if " " in line]


def _cluster(estate: Estate) -> dict[str, str]:
    host = leader(estate)
    keys = json.loads(Etcd(estate).ctl("get /erpops/ --prefix --write-out=json")).get("kvs", [])
    found = {f"etcd {entry['key']}": str(entry["mod_revision"]) for entry in keys}
    found["Patroni"] = host.check_output("docker exec patroni patronictl -c /etc/patroni show-config")
    found["PostgreSQL leader"] = host.name
    found["PostgreSQL roles"] = psql(host, "postgres", ROLES)
    found["PostgreSQL databases"] = psql(host, "postgres", DATABASES)
    for instance in estate.instances:
        for name, question in {"parameters": PARAMETERS, "attachments": ATTACHMENTS, "own tables": OWN}.items():
            found[f"{instance.name} {name}"] = psql(host, instance.database, question)
    return found


def _redis(estate: Estate) -> dict[str, str]:
    hosts = [host for host in estate.group("redis") if host.docker("redis").is_running]
    return {
        f"Redis {host.name} {name}": hashlib.sha256(str(value).encode()).hexdigest()
        for host in hosts
        for name, value in redis_of(estate, host).config_get().items()
    }


def _buckets(estate: Estate) -> dict[str, str]:
    return {f"bucket {name}": str(settings) for name, settings in Store.of(estate).settings().items()}
