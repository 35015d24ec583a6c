# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the client makes of answers of etcd 3.5.16, recorded from a real cluster."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any

import pytest
from ansible_collections.erpops.estate.plugins.module_utils.clients import etcd
from ansible_collections.erpops.estate.plugins.module_utils.clients.errors import (
    ClientError,
    NoQuorum,
    NotTrusted,
    Refused,
    TimedOut,
    Unreachable,
    WriteForbidden,
)
from ansible_collections.erpops.estate.plugins.module_utils.clients.https import Answer, Tls

TLS = Tls("ca", "crt", "key")
LEADERLESS = b'{"version":"3.5.16","raftIndex":"147","errors":["etcdserver: no leader"]}'
LED = b'{"version":"3.5.16","leader":"2530125863026678400","raftIndex":"147"}'
KEYS = (
    b'{"header":{"revision":"212"},"kvs":[{"key":"L2EvYg==","create_revision":"11","mod_revision":"14","version":"2",'
    b'"value":"eA=="},{"key":"L2EvYw==","create_revision":"12","mod_revision":"12","version":"1"}],"count":"2"}'
)

Answers = dict[str, bytes | ClientError]


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> list[tuple[str, Mapping[str, Any]]]:
    """Let the answers of the parameter come by path; returns what was sent."""
    answers: Answers = request.param
    calls: list[tuple[str, Mapping[str, Any]]] = []

    def answer(what: str, _method: str, url: str, **options: Any) -> Answer:
        path = url.partition("/v3/")[2]
        calls.append((path, options["data"]))
        found = answers[path]
        if isinstance(found, ClientError):
            raise found
        return Answer(what, 200, found)

    monkeypatch.setattr(etcd, "request", answer)
    return calls


def client() -> etcd.EtcdClient:
    return etcd.EtcdClient("10.0.0.1", tls=TLS)


SILENT = TimedOut("etcd", expected="an answer", found="none")
SAID = Refused("etcd", found='status 503: {"error":"etcdserver: request timed out"}')


@pytest.mark.parametrize(
    ("sent", "expected"),
    [
        ({"maintenance/status": LEADERLESS, "kv/range": SILENT}, NoQuorum),
        ({"maintenance/status": LEADERLESS, "kv/range": SAID}, NoQuorum),
        ({"maintenance/status": LED, "kv/range": SILENT}, TimedOut),
        ({"maintenance/status": LED, "kv/range": SAID}, Refused),
        ({"maintenance/status": SILENT, "kv/range": SILENT}, TimedOut),
        ({"maintenance/status": LEADERLESS, "kv/range": NotTrusted("etcd")}, NotTrusted),
    ],
    indirect=["sent"],
)
def test_a_missing_quorum_is_told_apart(sent: list[Any], expected: type[ClientError]) -> None:
    with pytest.raises(ClientError) as caught:
        client().read("health")
    assert sent[0][0] == "kv/range"
    assert type(caught.value) is expected


@pytest.mark.parametrize("sent", [{"kv/range": KEYS}], indirect=True)
def test_keys_below_a_prefix(sent: list[tuple[str, Mapping[str, Any]]]) -> None:
    assert client().entries("/a/") == [etcd.Entry("/a/b", "x", 14), etcd.Entry("/a/c", "", 12)]
    asked = {name: base64.b64decode(value).decode() for name, value in sent[0][1].items()}
    assert asked == {"key": "/a/", "range_end": "/a0"}


@pytest.mark.parametrize("sent", [{"kv/txn": b'{"succeeded":true}'}], indirect=True)
def test_a_key_changes_only_where_it_was_seen(sent: list[tuple[str, Mapping[str, Any]]]) -> None:
    assert client().swap("/a/b", "x", 14)
    assert sent[0][1] == {
        "compare": [{"key": "L2EvYg==", "target": "MOD", "result": "EQUAL", "modRevision": "14"}],
        "success": [{"requestPut": {"key": "L2EvYg==", "value": "eA=="}}],
    }
    assert client().swap("/a/b", None, 14)
    assert sent[1][1]["success"] == [{"requestDeleteRange": {"key": "L2EvYg=="}}]


@pytest.mark.parametrize("sent", [{"kv/txn": b'{"header":{}}'}], indirect=True)
def test_a_key_that_somebody_else_changed_is_left_alone(sent: list[Any]) -> None:
    assert not client().swap("/a/b", "x", 13)
    assert len(sent) == 1


@pytest.mark.parametrize("sent", [{}], indirect=True)
@pytest.mark.usefixtures("writes_off")
def test_a_write_in_check_mode_is_an_error_and_is_not_sent(sent: list[Any]) -> None:
    cluster = etcd.EtcdCluster({"a": "10.0.0.1", "b": "10.0.0.2"}, tls=TLS)
    with pytest.raises(WriteForbidden):
        cluster.ask(lambda member: member.swap("/a", "x", 0))
    assert sent == []


def test_the_first_member_that_answers_is_believed_and_a_missing_quorum_says_most() -> None:
    cluster = etcd.EtcdCluster({"a": "10.0.0.1", "b": "10.0.0.2"}, tls=TLS, first="b")
    assert cluster.names == ("b", "a")
    failures: dict[str, ClientError] = {"10.0.0.2": Unreachable("b")}

    def question(member: etcd.EtcdClient) -> str:
        for address, failure in failures.items():
            if address in member.what:
                raise failure
        return member.what

    assert cluster.ask(question) == "etcd at 10.0.0.1:2379"
    failures["10.0.0.1"] = NoQuorum("a")
    with pytest.raises(NoQuorum):
        cluster.ask(question)
    with pytest.raises(Unreachable):
        cluster.ask(question, ["b"])
