"""Sessions in Redis: what ends one leaves nothing of it, whoever forgets one is found, and any Sentinel will do."""

from __future__ import annotations

import json
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import pytest
import redis

from tests.estate import access
from tests.estate.traces import redis_master, redis_of
from tests.estate.wait import until_whole
from tests.estate.web import Session
from tests.estate.world import Estate, Host, Instance

IDENTIFIER = 42
# Longer ago than Odoo keeps a session that nobody uses.
LONG_AGO = 8 * 24 * 3600
# What Odoo itself calls: another device is logged out, the log of devices is tidied, sessions are vacuumed.
SHELL = """
import json
from odoo import http
store = http.root.session_store
print("found", json.dumps({
    "store": type(store).__name__,
    "master": store.probe(10.0),
    "missing": sorted(store.get_missing_session_identifiers([%(kept)r, %(other)r, %(nobody)r])),
}))
store.delete_from_identifiers([%(other)r])
store.vacuum()
"""
NOBODY = "x" * IDENTIFIER


@dataclass(frozen=True)
class Kept:
    """What Redis has of the sessions of one instance."""

    server: redis.Redis
    prefix: str

    def of(self, session: Session) -> dict[str, bool]:
        """Return where a session is: by its own key, and twice in the index."""
        sid = session.session_id
        sids: Any = self.server.smembers(f"{self.prefix}sids:{sid[:IDENTIFIER]}")
        return {
            "key": bool(self.server.exists(f"{self.prefix}session:{sid}")),
            "saved": self.server.zscore(f"{self.prefix}saved", sid) is not None,
            "sids": sid.encode() in sids,
        }


EVERYWHERE = {"key": True, "saved": True, "sids": True}
NOWHERE = {"key": False, "saved": False, "sids": False}


@pytest.fixture
def kept(estate: Estate, north: Instance) -> Kept:
    return Kept(redis_of(estate, redis_master(estate)), f"{north.name}:")


@pytest.fixture
def first_seed(estate: Estate, north: Instance) -> Host:
    """The host whose Sentinel Odoo asks first."""
    config = estate.group("odoo")[0].check_output("cat /etc/erpops/odoo/%s/web.conf", north.name)
    seeds = next(line for line in config.splitlines() if line.startswith("sentinels")).partition("=")[2]
    address = seeds.split(",")[0].strip().rpartition(":")[0]
    return next(host for host in estate.group("redis") if host.address == address)


def test_who_logs_out_leaves_nothing_behind(estate: Estate, north: Instance, kept: Kept) -> None:
    stays, leaves = access.logged_in(estate, north), access.logged_in(estate, north)
    gone = leaves.through(leaves.route)
    assert (kept.of(stays), kept.of(leaves)) == (EVERYWHERE, EVERYWHERE)
    assert leaves.get("/web/session/logout").status == 303
    assert (kept.of(stays), kept.of(gone)) == (EVERYWHERE, NOWHERE)
    assert (stays.user(), gone.user()) == (north.admin_login, "")


def test_a_login_outlives_all_of_redis_at_once(estate: Estate, north: Instance, kept: Kept) -> None:
    """As when a site loses its power: what was acknowledged is read from the file again, transactions included."""
    session, servers = access.logged_in(estate, north), estate.group("redis")
    time.sleep(1.5)  # until the file is on the disk, every second
    with ThreadPoolExecutor(len(servers)) as pool:
        list(pool.map(lambda host: host.check_output("docker kill redis"), servers))
        list(pool.map(lambda host: host.check_output("docker start redis"), servers))
    until_whole(estate)
    assert session.user() == north.admin_login
    assert Kept(redis_of(estate, redis_master(estate)), kept.prefix).of(session) == EVERYWHERE


def test_other_devices_are_logged_out_and_old_sessions_vacuumed_with_the_first_sentinel_gone(
    estate: Estate, north: Instance, kept: Kept, first_seed: Host
) -> None:
    stays, other, old = (access.logged_in(estate, north) for _each in range(3))
    kept.server.zadd(f"{kept.prefix}saved", {old.session_id: time.time() - LONG_AGO})
    script = SHELL % {
        "kept": stays.session_id[:IDENTIFIER],
        "other": other.session_id[:IDENTIFIER],
        "nobody": NOBODY,
    }
    first_seed.check_output("docker stop -t 2 sentinel")
    try:
        said = estate.group("odoo")[0].check_output(
            "printf %%s %s | docker exec -i %s odoo shell -c /etc/erpops/odoo/%s/web.conf -d %s --no-http",
            script,
            access.web_container(north),
            north.name,
            north.database,
        )
    finally:
        first_seed.check_output("docker start sentinel")
    found = json.loads(next(line for line in said.splitlines() if "found {" in line).partition("found ")[2])
    assert found["store"] == "RedisSessionStore"
    assert found["missing"] == [NOBODY]
    assert (kept.of(stays), kept.of(other), kept.of(old)) == (EVERYWHERE, NOWHERE, NOWHERE)
    assert (stays.user(), other.user(), old.user()) == (north.admin_login, "", "")
    until_whole(estate)
