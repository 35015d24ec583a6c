"""What runs and nobody declared is named, all of it and nothing else, and looking for it changes nothing."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.erpops.estate.plugins.module_utils.policy.drift.login_keys import fingerprint

from tests.estate import site
from tests.estate.daemons import Patroni
from tests.estate.traces import psql, redis_of
from tests.estate.wait import until_whole
from tests.estate.world import Estate, Host, Instance

PLAYBOOK = "erpops.estate.drift"
KEEPALIVED = "/etc/keepalived/keepalived.conf"
STRAY = "/etc/erpops/traefik/dynamic/stray.yml"
ROUTER = 'http: {routers: {stray: {entryPoints: [https], rule: "Host(`stray.example.com`)", service: south-web}}}'
PARAMETER = "sessions.max_inactivity_seconds"
READ = "select value from ir_config_parameter where key = 'sessions.max_inactivity_seconds'"
WRITE = "update ir_config_parameter set value = '{}' where key = 'sessions.max_inactivity_seconds'"
TLS = "/etc/erpops/tls/image_registry/tls.crt"
UNINSTALLED = "select name from ir_module_module where state = 'uninstalled' order by name limit 1"
STATE = "update ir_module_module set state = '{}' where name = '{}'"
# The registry is to have another image than it has: nothing but its digest is looked at.
OTHER_IMAGE = f"image_registry_image=stranger@sha256:{'0' * 64}"
SENTINEL, MASTER, DOWN = 26379, "sessions", "down-after-milliseconds"
LAG, FAR = "min-replicas-max-lag", "maximum_lag_on_failover"
STRAY_UNIT = "/etc/systemd/system/erpops-stray.timer"
STRANGER = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIPdH2/Ni/1OvyM/mK15Ati19TXSqhbndFWRxd5cotuTH stranger"
ADD = "insert into ir_config_parameter (key, value) values ('report.stray', '1')"
REMOVE = "delete from ir_config_parameter where key = 'report.stray'"
RELOAD = "select pg_reload_conf()"
PATRONICTL = "docker exec --interactive patroni patronictl -c /etc/patroni"

Named = set[tuple[str, str, str]]


class Hand:
    """Somebody who changes the estate past the inventory, and takes everything back at the end."""

    def __init__(self, estate: Estate, kept: ExitStack) -> None:
        self.estate, self.kept = estate, kept
        self.named: Named = set()
        self.patroni = Patroni(estate)
        self.leader = self.patroni.host(self.patroni.leader())

    def does(self, host: Host, command: str, undo: str, kind: str, what: str, *, whose: str = "") -> None:
        host.check_output(command)
        self.kept.callback(host.check_output, undo)
        self.named.add((whose or host.name, kind, what))

    def asks(self, statement: str, undo: str, kind: str, what: str, *, database: str = "postgres") -> None:
        """Do something on PostgreSQL's leader."""
        psql(self.leader, database, statement)
        self.kept.callback(psql, self.leader, database, undo)
        self.named.add(("estate" if kind.startswith("odoo") else self.leader.name, kind, what))

    def on_hosts(self) -> None:
        (store,), edge, last = self.estate.group("object_storage"), self.estate.group("edge")[0], self.patroni.hosts[-1]
        image = store.check_output("docker inspect --format '{{.Image}}' object_storage")
        self.does(store, f"docker create --name stranger {image}", "docker rm stranger", "container", "stranger")
        edit = f"cp --archive {KEEPALIVED} /root/kept && echo '# edited' >> {KEEPALIVED}"
        self.does(edge, edit, f"mv /root/kept {KEEPALIVED}", "file", KEEPALIVED)
        self.does(edge, f"printf %s '{ROUTER}' > {STRAY} && chmod 644 {STRAY}", f"rm {STRAY}", "router", "stray")
        self.does(last, "useradd --create-home --shell /bin/bash eve", "userdel --remove eve", "user", "eve")
        ours = "ip erpops_virtual_ip"
        mend = "nft --file /etc/erpops/virtual_ip/segments.nft"
        self.does(edge, f"nft add rule {ours} known ip ttl 77 accept", mend, "firewall", f"table {ours}")
        grant = "/etc/sudoers.d/mallory"
        self.does(
            last, f"echo 'mallory ALL=(ALL) ALL' > {grant} && chmod 440 {grant}", f"rm {grant}", "user", "mallory"
        )
        # Root may not log in here, yet the key waits for the day when he may.
        lets_in = f"install --directory --mode 700 /root/.ssh && echo '{STRANGER}' > /root/.ssh/authorized_keys"
        self.does(last, lets_in, "rm --recursive /root/.ssh", "user", f"root {fingerprint(STRANGER)}")
        timer = f"printf '[Timer]\nOnCalendar=2099-01-01\n' > {STRAY_UNIT}"
        self.does(edge, timer, f"rm {STRAY_UNIT}", "unit", STRAY_UNIT)
        table = "table inet stranger"
        self.does(last, f"nft add {table}", f"nft delete {table}", "firewall", table)
        self.does(last, "apt-mark hold nftables", "apt-mark unhold nftables", "package", "nftables")
        # It was read when the registry started, so nobody meets it; its key is another one's.
        (registry,) = self.estate.group("image_registry")
        swap = f"cp --archive {TLS} /root/kept.crt && cat /etc/erpops/tls/ca.crt > {TLS}"
        self.does(registry, swap, f"mv /root/kept.crt {TLS}", "certificate", "image_registry")
        self.named |= {
            (registry.name, "container", f"image_registry: {TLS}"),
            (registry.name, "image", "image_registry"),
        }

    def in_daemons(self, south: Instance) -> None:
        before = yaml.safe_load(self.patroni.config())[FAR]
        self.does(self.leader, patch(1234567), patch(before), "patroni", FAR, whose="estate")
        # What is altered is read again at once, and so is what was.
        self.kept.callback(psql, self.leader, "postgres", RELOAD)
        alter = "alter system set deadlock_timeout = '3s'", "alter system reset deadlock_timeout"
        self.asks(*alter, "postgresql", "deadlock_timeout")
        psql(self.leader, "postgres", RELOAD)
        own = "alter role south set work_mem = '77MB'", "alter role south reset work_mem"
        self.asks(*own, "postgresql", "role south")
        value = psql(self.leader, south.database, READ)
        set_it = WRITE.format("12345"), WRITE.format(value)
        self.asks(*set_it, "odoo_parameter", f"south/{PARAMETER}", database=south.database)
        self.asks(ADD, REMOVE, "odoo_parameter", "south/report.stray", database=south.database)
        host = self.estate.group("redis")[-1]
        redis = redis_of(self.estate, host)
        self.kept.callback(redis.config_set, LAG, str(redis.config_get(LAG)[LAG]))
        redis.config_set(LAG, 77)
        self.named.add((host.name, "redis", "Redis"))
        sentinel = redis_of(self.estate, host, SENTINEL)
        known: Any = sentinel.sentinel_master(MASTER)
        self.kept.callback(sentinel.sentinel_set, MASTER, DOWN, known[DOWN])
        sentinel.sentinel_set(MASTER, DOWN, 77777)
        self.named.add((host.name, "sentinel", "Sentinel"))
        # Odoo loads what is installed, and installs what waits for it only when it is told to.
        module = psql(self.leader, south.database, UNINSTALLED)
        set_it = STATE.format("to install", module), STATE.format("uninstalled", module)
        self.asks(*set_it, "odoo_module", f"south/{module}", database=south.database)


def patch(lag: int) -> str:
    """Return the command that changes Patroni's dynamic configuration."""
    return f"printf '{{\"{FAR}\": {lag}}}' | {PATRONICTL} edit-config --force --apply -"


# What was written anew with the same content has another time; both daemons rewrite a file of their own.
LOOK = """
find /etc /root /usr/local /var/lib/erpops/proven -xdev -type f ! -name redis.conf ! -name sentinel.conf \
  -printf '%p %C@ %m %U %G\\n' | sort
docker ps --all --no-trunc --format '{{.ID}} {{.Names}}' | sort
docker ps --quiet | xargs docker inspect --format '{{.State.StartedAt}} {{.HostConfig.Memory}}' | sort
docker images --no-trunc --quiet | sort
nft --stateless list ruleset
dpkg-query --show; apt-mark showhold
systemctl show keepalived docker --property=InvocationID,NRestarts
"""
# Beside these an engine only says what was run in a container to ask something, and how containers are.
ASKED = ("exec_", "health_status")


def everything(estate: Estate, south: Instance) -> list[Any]:
    """All that a run could have changed, and what would show that something was read anew."""
    patroni = Patroni(estate)
    leader = patroni.leader()
    return [
        [host.check_output(LOOK) for host in estate.hosts],
        [patroni.sql(host.name, "select pg_conf_load_time()") for host in patroni.hosts],
        patroni.state(),
        patroni.sql(leader, "select setdatabase, setrole, setconfig from pg_db_role_setting"),
        psql(patroni.host(leader), south.database, "select key, value from ir_config_parameter order by key"),
        psql(patroni.host(leader), south.database, "select name, state from ir_module_module order by name"),
        [redis_of(estate, host).config_get() for host in estate.group("redis")],
    ]


def events(host: Host, since: str) -> list[str]:
    """Return what the engine did since a moment of the host's own clock."""
    shown = host.check_output(
        f"docker events --since {since} --until $(date +%s) --format '{{{{.Type}}}} {{{{.Action}}}}'"
    )
    return [line for line in shown.splitlines() if not line.partition(" ")[2].startswith(ASKED)]


def drift(result: Path, *more: str) -> tuple[site.Run, Named]:
    """Run it, and return what it names."""
    run = site.run("-e", f"drift_result={result}", *more, check=False, playbook=PLAYBOOK)
    found = json.loads(result.read_text(encoding="utf-8"))["differences"]
    return run, {(one["host"], one["kind"], one["object"]) for one in found}


@pytest.fixture
def hand(estate: Estate, south: Instance) -> Iterator[Hand]:
    until_whole(estate)
    with ExitStack() as kept:
        found = Hand(estate, kept)
        found.on_hosts()
        found.in_daemons(south)
        yield found


def test_what_was_changed_by_hand_is_named_and_nothing_is_changed_by_asking(
    estate: Estate, south: Instance, hand: Hand, tmp_path: Path
) -> None:
    before, since = everything(estate, south), {host: host.check_output("date +%s") for host in estate.hosts}
    run, named = drift(tmp_path / "drift.json", "-e", OTHER_IMAGE)
    assert named == hand.named
    assert run.status != 0
    assert "Differences that no waiver covers" in run.output
    assert everything(estate, south) == before
    assert {host.name: events(host, since[host]) for host in estate.hosts} == {host.name: [] for host in estate.hosts}


def test_a_host_as_declared_ends_it_well(estate: Estate, tmp_path: Path) -> None:
    """That nothing else is named of all hosts is seen above."""
    run, named = drift(tmp_path / "drift.json", "--limit", estate.group("object_storage")[0].name)
    assert (named, run.status) == (set(), 0), run.output
