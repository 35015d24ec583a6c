# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""With writes off, as in check mode, every way to write is an error before anything leaves the process."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
import requests
from ansible_collections.erpops.estate.plugins.module_utils.clients import (
    engine_control,
    guard,
    host_fault,
    keepalived,
    odoo_code,
    odoo_command,
    odoo_sessions,
    pgbackrest,
    timers,
)
from ansible_collections.erpops.estate.plugins.module_utils.clients.errors import ClientError, Refused, WriteForbidden
from ansible_collections.erpops.estate.plugins.module_utils.clients.etcd import EtcdClient
from ansible_collections.erpops.estate.plugins.module_utils.clients.https import Tls, request
from ansible_collections.erpops.estate.plugins.module_utils.clients.image_registry import ImageRegistryClient
from ansible_collections.erpops.estate.plugins.module_utils.clients.odoo_database import Database
from ansible_collections.erpops.estate.plugins.module_utils.clients.odoo_host import OdooHost
from ansible_collections.erpops.estate.plugins.module_utils.clients.odoo_http import Json2, Route, Session
from ansible_collections.erpops.estate.plugins.module_utils.clients.odoo_objects import ObjectClient
from ansible_collections.erpops.estate.plugins.module_utils.clients.patroni import PatroniClient
from ansible_collections.erpops.estate.plugins.module_utils.clients.redis import Access, RedisClient
from ansible_collections.erpops.estate.plugins.module_utils.clients.s3 import S3Client
from ansible_collections.erpops.estate.plugins.module_utils.clients.sentinel import SentinelClient
from ansible_collections.erpops.estate.plugins.module_utils.clients.systemd import Units
from ansible_collections.erpops.estate.plugins.module_utils.leases import host_out
from ansible_collections.erpops.estate.plugins.module_utils.members import odoo_probe
from ansible_collections.erpops.estate.plugins.module_utils.members.etcd_snapshot import SnapshotFile
from ansible_collections.erpops.estate.plugins.module_utils.members.odoo import OdooMember
from ansible_collections.erpops.estate.plugins.module_utils.policy.converge import Proven
from ansible_collections.erpops.estate.plugins.module_utils.policy.definition import Directory, ManagedFile
from ansible_collections.erpops.estate.plugins.module_utils.service import engine_configuration, files, redis_settings
from ansible_collections.erpops.estate.plugins.module_utils.service.record import Record

# Nothing listens there: what is let through fails in another way.
NOBODY = "127.0.0.1"
PORT = 1
TLS = Tls("/nowhere/ca.crt")
LOGIN = Access("/nowhere/ca.crt", "operator", "/nowhere/password", "x")


class Connection:
    """What psycopg2 gives; every statement would do."""

    def __init__(self) -> None:
        self.info = SimpleNamespace(host=NOBODY)
        self.read_only = False
        self.said: list[str] = []

    def set_session(self, *, readonly: bool) -> None:
        self.read_only = readonly

    def cursor(self) -> Connection:
        return self

    def __enter__(self) -> Connection:
        return self

    def __exit__(self, *_exception: object) -> None:
        pass

    def close(self) -> None:
        pass

    def execute(self, statement: str, _values: object) -> None:
        self.said.append(statement)

    def fetchall(self) -> list[Any]:
        return []


@pytest.fixture
def connection(monkeypatch: pytest.MonkeyPatch) -> Connection:
    made = Connection()
    errors = SimpleNamespace(Error=OSError, OperationalError=OSError, connect=lambda **_parameters: made)
    monkeypatch.setitem(sys.modules, "psycopg2", errors)
    return made


def managed(path: Path) -> ManagedFile:
    return ManagedFile(str(path), b"new", 0, 0, 0o600, "none", once=False, validate=(), secret=False)


def candidate(path: Path) -> None:
    with files.candidate(managed(path)):
        pass


def session() -> requests.Session:
    made = requests.Session()
    guard.guarded(made, "the engine")
    return made


def bucket(client: type[S3Client] = S3Client) -> Any:
    keys = {"access_key": "x", "secret_key": "x"}
    return client(f"http://{NOBODY}:{PORT}", ca_file="/nowhere/ca.crt", timeout=1, **keys)


def odoo() -> odoo_command.Odoo:
    return odoo_command.Odoo("code of north", "odoo@sha256:0", 907, "/etc/odoo", {}, {}, {})


def lever(path: Path) -> None:
    with keepalived.lever_pulled(str(path)):
        pass


def ended(path: Path) -> None:
    with keepalived.ended_by_itself(str(path)):
        pass


def route() -> Route:
    return Route("odoo", NOBODY, PORT, timeout=1)


def control() -> engine_control.EngineControl:
    return engine_control.EngineControl(lambda command: (0, " ".join(command), ""))


def patroni() -> PatroniClient:
    return PatroniClient(NOBODY, tls=TLS, port=PORT)


def drained(path: Path) -> list[str]:
    params = {
        "name": "north",
        "process": "cron",
        "address": NOBODY,
        "http_port": PORT,
        "drain_file": str(path),
        "drain_seconds": 0,
    }
    return OdooMember(params).step_aside()


WRITES: Mapping[str, Callable[[Path], object]] = {
    "engine, create": lambda _path: session().post("http+docker://localhost/containers/create"),
    "engine, remove": lambda _path: session().delete("http+docker://localhost/containers/north"),
    "unit, install": lambda _path: Units("keepalived").pull("keepalived"),
    "unit, start": lambda _path: Units("keepalived").start("keepalived"),
    "unit, stop": lambda _path: Units("keepalived").stop("keepalived"),
    "unit, reload": lambda _path: Units("keepalived").execute("keepalived", ["systemctl", "reload", "keepalived"]),
    "any daemon, PUT": lambda _path: request("a daemon", "PUT", f"https://{NOBODY}:{PORT}/x", tls=TLS),
    "etcd, a key": lambda _path: EtcdClient(NOBODY, tls=TLS, port=PORT).swap("/a", "x", 0),
    "etcd, leadership": lambda _path: EtcdClient(NOBODY, tls=TLS, port=PORT).move_leader("1"),
    "Patroni, switchover": lambda _path: patroni().switchover("a", "b"),
    "Patroni, restart": lambda _path: patroni().restart(1),
    "Patroni, configuration": lambda _path: patroni().patch_config({"pause": True}),
    "Redis, settings": lambda _path: RedisClient(NOBODY, PORT, LOGIN).set({"maxmemory": "1"}),
    "Redis, replication": lambda _path: RedisClient(NOBODY, PORT, LOGIN).lead(),
    "Redis, users": lambda _path: RedisClient(NOBODY, PORT, LOGIN).set_user("a", ["on"]),
    "Sentinel, an option": lambda _path: SentinelClient(NOBODY, PORT, LOGIN).set_for("m", "quorum", "1"),
    "Sentinel, failover": lambda _path: SentinelClient(NOBODY, PORT, LOGIN).failover("m"),
    "S3, a bucket": lambda _path: bucket().create("a", object_lock=True),
    "S3, versioning": lambda _path: bucket().set_versioning("a", enabled=True),
    "S3, retention": lambda _path: bucket().set_retention("a", None),
    "S3, an object": lambda _path: bucket().put("a", "b", b"c"),
    "S3, a copy": lambda _path: bucket(ObjectClient).copy("a", "b", ["c"]),
    "Odoo, JSON-2": lambda _path: Json2(route(), "north", "key").call("res.partner", "write", ids=[1]),
    "Odoo, a login": lambda _path: Session(route()).call("res.partner", "write", []),
    "Odoo, a container": lambda _path: odoo_command.execute(odoo(), ["odoo"], timeout=1),
    "Odoo, a mark": drained,
    "pgBackRest, stanza": lambda _path: pgbackrest.PgbackrestClient("estate").stanza_create(),
    "pgBackRest, check": lambda _path: pgbackrest.PgbackrestClient("estate").check(),
    "systemd, reload": lambda _path: timers.reload_files(),
    "systemd, enable": lambda _path: timers.enable(["erpops-leases.timer"]),
    "systemd, start": lambda _path: timers.start_service("erpops-leases.service"),
    "Docker's unit": lambda _path: control().systemctl("restart"),
    "Docker's files": lambda _path: control().reload(0, live_restore=True),
    "Docker's configuration": lambda path: engine_configuration._write(str(path), "{}"),
    "keepalived's lever": lever,
    "keepalived's timer": ended,
    "a fault": lambda path: host_fault.HostFault(path).inject({}, "true", "true", 60),
    "a fault lifted": lambda path: host_fault.HostFault(path).lift(),
    "a file, beside it": candidate,
    "a file, in place": lambda path: files.move_into_place(str(path), managed(path)),
    "a directory": lambda path: files.make_directory(Directory(str(path), 0, 0, 0o755)),
    "a record": lambda path: Record("north", str(path)).prove(Proven()),
    "a password": lambda path: redis_settings._write_private(str(path), "x"),
    "a snapshot": lambda path: SnapshotFile(str(path), "etcd").write([]),
    "a host out": lambda _path: host_out.take_back(),
}


def unexpected(*arguments: object, **_options: object) -> object:
    raise AssertionError(f"ran {arguments}")


@pytest.mark.usefixtures("writes_off")
@pytest.mark.parametrize("write", WRITES.values(), ids=WRITES)
def test_nothing_is_written(
    write: Callable[[Path], object], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    monkeypatch.setattr(subprocess, "run", unexpected)
    with pytest.raises(WriteForbidden, match="expected no write in check mode") as refused:
        write(tmp_path / "target")
    assert refused.value.found, request.node.name
    assert refused.value.kind == "write_forbidden"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.usefixtures("writes_off")
def test_a_database_that_is_opened_takes_no_write(connection: Connection) -> None:
    with Database("database north", {}) as database:
        assert connection.read_only, "the server refuses too"
        with pytest.raises(WriteForbidden, match=r"found ALTER ROLE$"):
            database.run("ALTER ROLE north PASSWORD %s", "secret")
        assert database.rows("SELECT 1") == []
    assert connection.said == ["SELECT 1"]


def test_a_database_takes_writes_otherwise(connection: Connection) -> None:
    with Database("database north", {}) as database:
        database.run("ALTER ROLE north LOGIN")
    assert (connection.read_only, connection.said) == (False, ["ALTER ROLE north LOGIN"])


@pytest.mark.usefixtures("writes_off")
def test_questions_are_asked() -> None:
    with pytest.raises(requests.exceptions.InvalidSchema):
        session().get("engine:/containers")
    for ask in (
        lambda: EtcdClient(NOBODY, tls=TLS, port=PORT).members(),
        lambda: patroni().cluster(),
        lambda: bucket().buckets(),
        lambda: bucket().bucket("a"),
        lambda: Json2(route(), "north", "key").find("res.partner", [], ["name"]),
        lambda: Session(route()).get("/web/login"),
        lambda: ImageRegistryClient(NOBODY, tls=TLS, port=PORT).start_upload(),
    ):
        with pytest.raises(ClientError) as failure:
            ask()
        assert not isinstance(failure.value, WriteForbidden)


@pytest.mark.usefixtures("writes_off")
def test_what_only_asks_is_let_through_and_the_switch_stays_thrown() -> None:
    with guard.asking():
        guard.about_to_write("a container", "a command that reads")
    with pytest.raises(WriteForbidden):
        guard.about_to_write("a container", "a command that writes")


@pytest.mark.usefixtures("writes_off")
def test_a_page_that_is_opened_in_check_mode_leaves_no_session(monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[str] = []

    class Master(RedisClient):
        def ask(self, *words: str | int) -> None:
            told.append(str(words[0]))

    def opened(session: Session) -> odoo_probe.Walk:
        session.ids.add("x" * 84)
        return odoo_probe.Walk()

    monkeypatch.setattr(odoo_sessions, "_master", lambda _settings: Master(NOBODY, PORT, LOGIN))
    host = cast(OdooHost, SimpleNamespace(settings=lambda: SimpleNamespace(redis_prefix="north:")))
    odoo_probe._visit(host, route, opened)
    assert told == ["DEL", "ZREM", "SREM"]
    with pytest.raises(WriteForbidden):
        Master(NOBODY, PORT, LOGIN).tell("DEL", "north:session:other")


@pytest.mark.usefixtures("writes_off")
def test_check_mode_pulls_no_image(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(odoo_code, "Engine", lambda: SimpleNamespace(has_image=lambda _reference: False))
    monkeypatch.setattr(odoo_command, "execute", unexpected)
    with pytest.raises(Refused, match="check mode pulls nothing; found none; pull it with docker pull"):
        odoo_code.checksums(odoo(), "/addons", ["base"], [])


@pytest.mark.usefixtures("writes_off")
def test_the_code_of_the_image_that_runs_is_read_where_it_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    engine = SimpleNamespace(ask=lambda name, command: f'noise\n{{"base": "{name} {command[0]}"}}\n')
    monkeypatch.setattr(odoo_code, "Engine", lambda: engine)
    monkeypatch.setattr(odoo_command, "execute", unexpected)
    found = odoo_code.checksums(odoo(), "/addons", ["base"], [], container="odoo_north_web")
    assert found == {"base": "odoo_north_web python3"}


def test_a_container_that_only_reads_gets_no_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[odoo_command.Odoo] = []

    def execute(given: odoo_command.Odoo, _command: list[str], **_options: object) -> str:
        made.append(given)
        return "{}"

    monkeypatch.setattr(odoo_command, "execute", execute)
    given = odoo_command.Odoo("code", "odoo@sha256:0", 907, "/etc", {"web.conf": "secret"}, {"/a": "/b"}, {"A": "b"})
    odoo_code.checksums(given, "/addons", ["base"], [])
    assert (made[0].config_files, made[0].mounts, made[0].environment, made[0].network) == ({}, {}, {}, "none")


def test_what_one_thread_is_let_through_is_not_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guard._Switch, "allowed", False)
    with guard.asking(), ThreadPoolExecutor(1) as other:
        guard.about_to_write("a container", "exec")
        assert isinstance(other.submit(guard.about_to_write, "a file", "write").exception(), WriteForbidden)
    with pytest.raises(WriteForbidden):
        guard.about_to_write("a container", "exec")
