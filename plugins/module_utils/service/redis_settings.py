# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Makes the running Redis server and Sentinel of this host what they should be, by command."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from ansible_collections.erpops.estate.plugins.module_utils.clients import guard
from ansible_collections.erpops.estate.plugins.module_utils.clients.errors import Unreachable
from ansible_collections.erpops.estate.plugins.module_utils.clients.redis import RedisClient
from ansible_collections.erpops.estate.plugins.module_utils.health.sentinel import Sentinels
from ansible_collections.erpops.estate.plugins.module_utils.members.redis_cluster import RedisCluster
from ansible_collections.erpops.estate.plugins.module_utils.policy import redis_sentinel as policy
from ansible_collections.erpops.estate.plugins.module_utils.policy.left_out import secret_objections
from ansible_collections.erpops.estate.plugins.module_utils.policy.shown import Difference
from ansible_collections.erpops.estate.plugins.module_utils.service.redis_connection import connection

CERTIFICATE_OPTIONS = ("tls-cert-file", "tls-key-file", "tls-ca-cert-file")


class RedisSettings:
    """One convergence of the server and the Sentinel of this host; ``params`` are those of the module."""

    def __init__(self, params: Mapping[str, Any], *, dry: bool) -> None:
        self._params = params
        self._dry = dry
        self._way = connection(params)
        self._cluster = RedisCluster(self._way, params["password"] or "")
        self._actions: list[str] = []
        self._difference = Difference()

    def converge(self) -> dict[str, Any]:
        """Do what is needed and return the module's result."""
        cluster = self._cluster
        sentinels = cluster.look_at_sentinels()
        servers = cluster.look_at_servers(sentinels)
        if cluster.address in servers.silent:
            raise Unreachable(servers.silent[cluster.address], remedy="see docker logs redis on this host")
        master = policy.choose_master(servers.elected, servers.infos, cluster.members[0])
        server, sentinel = cluster.servers[cluster.address], cluster.sentinels[cluster.address]
        watching = cluster.address in sentinels.views
        self._refuse_new_passwords(server, self._params["users"])
        if watching:
            self._refuse_new_passwords(sentinel, self._params["sentinel_users"])
        unfinished = self._users(server, self._params["users"])
        if watching:
            unfinished = self._users(sentinel, self._params["sentinel_users"]) or unfinished
        self._server(server, with_secrets=not unfinished)
        self._replication(master, servers.infos[cluster.address], sentinels)
        if watching:
            self._sentinel(sentinels, master, with_secrets=not unfinished)
        if not unfinished:
            self._password()
        return {
            "changed": bool(self._actions),
            "unfinished": unfinished,
            "actions": self._actions,
            "master": master,
            "diff": self._difference.as_dict(),
            "elected": bool(servers.elected),
            "sentinel_answers": cluster.address in sentinels.views,
        }

    def _refuse_new_passwords(self, client: RedisClient, wanted: Mapping[str, str] | None) -> None:
        """Refuse the other passwords of users that hosts left out of the run would not learn."""
        left_out = {name: hosts for name, hosts in self._params["left_out"].items() if hosts}
        if not wanted or not left_out:
            return
        sentences = [
            sentence
            for name in policy.new_passwords(wanted, client.users())
            for sentence in secret_objections([f"password of user {name}"], client.name, left_out.get(name, ()))
        ]
        if sentences:
            raise ValueError("; ".join(sentences))

    def _do(self, what: str, act: Callable[[], None]) -> None:
        self._actions.append(what)
        if not self._dry:
            act()

    def _server(self, client: RedisClient, *, with_secrets: bool) -> None:
        wanted = _joined(self._params, "options", *(["secret_options"] if with_secrets else []))
        live = client.settings()
        changes = policy.differing(wanted, live)
        if changes:
            self._show("Redis", live, changes, hidden="secret_options")
            self._do(f"Redis: set {', '.join(sorted(changes))}", lambda: client.set(changes))
        stale = policy.stale_lines(wanted, _read(self._params["file"] or ""))
        if changes or stale:
            self._do(f"Redis: write {', '.join(stale or sorted(changes))} to its file", client.save_settings)
        own = wanted.get("tls-cert-file", "")
        if own and _read(own).split("-----END")[0] != client.certificate().split("-----END")[0]:
            files = {name: wanted[name] for name in CERTIFICATE_OPTIONS if name in wanted}
            self._difference.add("Redis, certificate", "as it was read", f"as it is in {own}")
            self._do("Redis: load the certificate", lambda: client.set(files))

    def _replication(self, master: str, info: Mapping[str, str], sentinels: Sentinels) -> None:
        if any(view.unsettled for view in sentinels.views.values()):
            return
        cluster = self._cluster
        change = policy.replication_change(cluster.address, master, info, watched=bool(sentinels.views))
        if change is None:
            return
        server = cluster.servers[cluster.address]
        self._difference.add("Redis, follows", info.get("master_host", "nobody"), change.address or "nobody")
        if change.address:
            self._do(f"Redis: follow {change.address}", lambda: server.follow(change.address, cluster.port))
        else:
            self._do("Redis: be the master", server.lead)

    def _sentinel(self, sentinels: Sentinels, master: str, *, with_secrets: bool) -> None:
        cluster = self._cluster
        client, name = cluster.sentinels[cluster.address], cluster.master_name
        view = sentinels.views[cluster.address]
        own = _joined(self._params, "sentinel_options", *(["sentinel_secret_options"] if with_secrets else []))
        live = client.settings()
        changes = policy.differing(own, live)
        options = _joined(self._params, "master_options", *(["master_secret_options"] if with_secrets else []))
        known: dict[str, str] = {}
        if view.address:
            known = {**view.master, **policy.sentinel_secrets(_read(self._params["sentinel_file"] or ""), name)}
        else:
            quorum = sentinels.quorum
            self._difference.add("Sentinel, master", None, master)
            self._do(f"Sentinel: watch {master}", lambda: client.watch(name, master, cluster.port, quorum))
        if with_secrets and view.no_quorum and not sentinels.silent:
            # Everybody answers us and yet this one counts others as down: it was turned away with an old password
            # and tries again only when it is given one.
            changes.update(self._params["sentinel_secret_options"])
            known.pop("auth-pass", None)
        if changes:
            self._show("Sentinel", live, changes, hidden="sentinel_secret_options")
            self._do(f"Sentinel: set {', '.join(sorted(changes))}", lambda: client.set(changes))
        different = policy.differing(options, known)
        self._show(f"Sentinel, {name}", known, different, hidden="master_secret_options")
        for option, value in different.items():
            self._do(f"Sentinel: set {option} of {name}", partial(client.set_for, name, option, value))

    def _show(self, subject: str, live: Mapping[str, str], changes: Mapping[str, str], *, hidden: str) -> None:
        for name, value in sorted(changes.items()):
            self._difference.add(f"{subject}, {name}", live.get(name), value, secret=name in self._params[hidden])

    def _users(self, client: RedisClient, wanted: Mapping[str, str] | None) -> bool:
        """Set users and return whether old passwords are still let in; without a wish all stay as they are."""
        if wanted is None:
            return False
        live = client.users()
        interim = wanted if self._params["finish"] else policy.with_old_passwords(wanted, live)
        changes = policy.user_changes(interim, live)
        for name, rules in changes.replace.items():
            old = live.get(name)
            before = None if old is None else policy.shown(old)
            self._difference.add(f"{client.service}, user {name}", before, policy.shown(rules, old or ""))
            self._do(f"{client.service}: set user {name}", partial(client.set_user, name, rules.split()))
        for name in changes.remove:
            self._difference.add(f"{client.service}, user {name}", policy.shown(live[name]), None)
        if changes.remove:
            self._do(
                f"{client.service}: remove users {', '.join(changes.remove)}",
                lambda: client.remove_users(changes.remove),
            )
        return interim != wanted

    def _password(self) -> None:
        """Keep the file that others log in with; it follows the servers, so it is always one that is let in."""
        path, password = self._way["password_file"], self._params["password"]
        kept = _read(path).strip()
        if password and kept != password:
            self._difference.add(path, kept or None, password, secret=True)
            self._do(f"write {path}", lambda: _write_private(path, password + "\n"))


def _joined(params: Mapping[str, Any], *names: str) -> dict[str, str]:
    return {key: str(value) for name in names for key, value in params[name].items()}


def _read(path: str) -> str:
    try:
        with open(path, encoding="utf-8") as stream:
            return stream.read()
    except FileNotFoundError:
        return ""


def _write_private(path: str, content: str) -> None:
    guard.about_to_write(path, "new content")
    os.makedirs(os.path.dirname(path), mode=0o700, exist_ok=True)
    descriptor = os.open(path + ".new", os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o400)
    with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
        stream.write(content)
        stream.flush()
        os.fsync(stream.fileno())
    os.replace(path + ".new", path)
