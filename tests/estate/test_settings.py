"""What the daemons run with by their own word: the promises that no single fault would show to be broken."""

from __future__ import annotations

import json
from configparser import ConfigParser

import pytest
import yaml
from redis.exceptions import ResponseError

from tests.estate import access
from tests.estate.traces import leader, psql, redis_of
from tests.estate.wait import until, until_whole
from tests.estate.world import Estate, Host, Instance

POSTGRESQL = {
    "data_checksums": "on",
    "password_encryption": "scram-sha-256",
    "ssl": "on",
    "ssl_min_protocol_version": "TLSv1.2",
    "archive_mode": "on",
    "synchronous_commit": "on",
}
REDIS = {"maxmemory-policy": "noeviction", "min-replicas-to-write": "1", "appendonly": "yes", "port": "0"}
# Type, databases, users, address, mask, method, options.
Rule = tuple[str, str, str, str | None, str | None, str, str]


def test_every_member_of_postgresql_runs_with_what_was_promised(estate: Estate) -> None:
    for host in estate.group("patroni"):
        found = {name: psql(host, "postgres", f"show {name}") for name in POSTGRESQL}
        assert found == POSTGRESQL, host.name


def test_patroni_keeps_a_quorum_rewinds_and_survives_without_etcd(estate: Estate) -> None:
    shown = leader(estate).check_output("docker exec patroni patronictl -c /etc/patroni show-config")
    config = yaml.safe_load(shown)
    assert config["synchronous_mode"] == "quorum"
    assert config["synchronous_node_count"] == 1
    assert not config.get("synchronous_mode_strict"), "with both standbys lost the leader is to go on"
    assert config["failsafe_mode"] is True
    assert config["postgresql"]["use_pg_rewind"] is True


def let_in(estate: Estate, member: Host) -> set[Rule]:
    """What is to stand in a member's pg_hba.conf, by the description of the estate alone."""
    one = "255.255.255.255"
    found: set[Rule] = {
        ("local", "all", "postgres", None, None, "peer", "map=estate"),
        ("local", "replication", "replicator", None, None, "peer", "map=estate"),
    }
    for other in estate.group("patroni"):
        for database, user in (("replication", "replicator"), ("postgres", "rewinder"), ("all", "postgres")):
            found.add(("hostssl", database, user, other.address, one, "scram-sha-256", ""))
    sources = [(host.address, one) for host in estate.group("odoo")]
    if "odoo" in member.groups:
        # Containers of Odoo reach the member that is on their own host from the engine's bridge.
        sources.append(("172.17.0.0", "255.255.0.0"))
    for instance in estate.instances:
        databases = f"{instance.database},postgres"
        for address, mask in sources:
            found.add(("hostssl", databases, instance.name, address, mask, "scram-sha-256", ""))
    return found


def test_nobody_is_let_in_but_who_must_from_where_he_is(estate: Estate) -> None:
    question = "select json_agg(r) from pg_hba_file_rules r"
    for host in estate.group("patroni"):
        rules = json.loads(psql(host, "postgres", question))
        assert not [rule for rule in rules if rule["error"]]
        found: set[Rule] = {
            (
                rule["type"],
                ",".join(rule["database"]),
                ",".join(rule["user_name"]),
                rule["address"],
                rule["netmask"],
                rule["auth_method"],
                ",".join(rule["options"] or []),
            )
            for rule in rules
        }
        assert found == let_in(estate, host), host.name


def test_no_member_of_postgresql_complains(estate: Estate) -> None:
    """Patroni goes on when a standby cannot tell its own position, and says so every two seconds."""
    until_whole(estate)
    for host in estate.group("patroni"):
        said = host.check_output("docker logs --since 10s patroni 2>&1").splitlines()
        assert [line for line in said if " INFO: " in line], host.name
        assert not [line for line in said if " ERROR: " in line or "FATAL: " in line], host.name


def test_the_administrator_is_let_in_from_members_alone(estate: Estate) -> None:
    led = leader(estate)
    image = led.containers()["patroni"]["Config"]["Image"]
    # A container of its own address beside the leader: no member has it.
    stranger = led.run(
        "docker run --rm --entrypoint psql %s %s -c 'select 1'",
        image,
        f"host={led.address} user=postgres dbname=postgres sslmode=require connect_timeout=5",
    )
    assert stranger.failed
    assert "no pg_hba.conf entry" in stranger.stderr


@pytest.fixture
def replicas(estate: Estate) -> list[Host]:
    found = [host for host in estate.group("redis") if redis_of(estate, host).info("replication")["role"] == "slave"]
    assert len(found) == len(estate.group("redis")) - 1
    return found


def test_every_redis_runs_with_what_was_promised(estate: Estate) -> None:
    for host in estate.group("redis"):
        told = redis_of(estate, host).config_get()
        assert {name: told[name] for name in REDIS} == REDIS, host.name
        assert int(told["maxmemory"] or 0) > 0, host.name


def test_a_master_that_nobody_follows_takes_no_writes(estate: Estate, replicas: list[Host]) -> None:
    master = next(host for host in estate.group("redis") if host not in replicas)
    client = redis_of(estate, master)

    def refused() -> bool:
        try:
            client.set("erpops:alone", "1", ex=5)
        except ResponseError as error:
            return "NOREPLICAS" in str(error)
        return False

    for host in replicas:
        host.check_output("docker pause redis")
    try:
        until(refused, 30, "a write to be refused")
    finally:
        for host in replicas:
            host.check_output("docker unpause redis")
    until_whole(estate)


def test_every_container_of_odoo_has_its_limits(estate: Estate) -> None:
    for host in estate.group("odoo"):
        limits = {
            name: container["HostConfig"] for name, container in host.containers().items() if name.startswith("odoo_")
        }
        assert len(limits) == 3 * len(estate.instances), host.name
        assert not [name for name, limit in limits.items() if not 0 < limit["Memory"] <= 8 * 2**30], host.name
        # inventories/lab gives south's processes for the web a processor's worth
        assert limits["odoo_south_web"]["CpuQuota"] == 100_000, host.name


def test_as_many_workers_run_as_are_given_or_sized(estate: Estate) -> None:
    """North's are given by the inventory, south's sized: by the processors, and two at least."""
    for host in estate.group("odoo"):
        running = {}
        for instance in estate.instances:
            first = host.containers()[access.web_container(instance)]["State"]["Pid"]
            # The process for websockets is beside the workers.
            running[instance.name] = len(host.check_output("pgrep -P %s", str(first)).split()) - 1
        processors = int(host.check_output("nproc"))
        assert running["north"] == 2, host.name
        assert 2 <= running["south"] <= max(2, (processors * 2 + 1) // 2), host.name
        config = ConfigParser(interpolation=None)
        config.read_string(host.file("/etc/erpops/odoo/south/web.conf").content_string)
        assert running["south"] == config.getint("options", "workers"), host.name


def test_odoo_itself_insists_on_the_name_of_its_leader(estate: Estate, north: Instance) -> None:
    """Odoo always passes an sslmode, which beats the service file's: with its default any name would do."""
    host, container = estate.group("odoo")[0], access.web_container(north)
    ours, theirs = f"/etc/erpops/odoo/{north.name}", "/var/lib/odoo/stranger.conf"
    shell = (
        f"printf %%s %s | docker exec --interactive --env PGSERVICEFILE=%s {container} odoo"
        f" --addons-path={access.ADDONS} shell --config {ours}/web.conf -d {north.database} --no-http"
    )
    script, let_in = "print('LET IN', env.cr.dbname)", f"LET IN {north.database}"
    service = host.file(f"{ours}/pg_service.conf").content_string
    # The same members at the same addresses, under a name that their certificates do not have.
    members = next(line for line in service.splitlines() if line.startswith("host=")).partition("=")[2].split(",")
    names = ",".join("stranger.example" for _member in members)
    stranger = service.replace(f"host={','.join(members)}", f"host={names}\nhostaddr={','.join(members)}")
    host.check_output(f"printf %%s %s | docker exec -i {container} sh -c %s", stranger, f"umask 077; cat > {theirs}")
    try:
        known = host.run(shell, script, f"{ours}/pg_service.conf")
        assert let_in in known.stdout, known.stderr[-2000:]
        refused = host.run(shell, script, theirs)
        assert let_in not in refused.stdout
        assert 'does not match host name "stranger.example"' in refused.stderr, refused.stderr[-2000:]
    finally:
        host.check_output(f"docker exec {container} rm -f {theirs}")


def test_an_instance_writes_links_to_the_name_that_users_dial(estate: Estate) -> None:
    for instance in estate.instances:
        question = "select value from ir_config_parameter where key = 'web.base.url'"
        assert psql(leader(estate), instance.database, question) == instance.url


@pytest.mark.parametrize("process", ["web", "cron", "jobs"])
def test_no_process_of_odoo_lists_databases_or_believes_its_own_address(estate: Estate, process: str) -> None:
    for host in estate.group("odoo"):
        for instance in estate.instances:
            config = ConfigParser(interpolation=None)
            config.read_string(host.file(f"/etc/erpops/odoo/{instance.name}/{process}.conf").content_string)
            assert not config.getboolean("options", "list_db"), (host.name, instance.name)
            assert config.getboolean("options", "proxy_mode"), (host.name, instance.name)


def test_odoo_looks_nowhere_else_for_its_database(estate: Estate, north: Instance) -> None:
    config = estate.group("odoo")[0].file(f"/etc/erpops/odoo/{north.name}/web.conf").content_string
    assert not [
        line for line in config.splitlines() if line.startswith(("db_host", "db_port", "db_user", "db_password"))
    ]
