"""A certificate of one's own at the edge: put in place as it is, refused where it would not serve, taken away again."""

from __future__ import annotations

import socket
import ssl
from pathlib import Path
from typing import Any

import pytest

from tests.estate import authority, site
from tests.estate.authority import Pair
from tests.estate.wait import until_whole
from tests.estate.web import Route
from tests.estate.world import Estate, Instance

TAGS = ("--tags", "certificates,traefik")
FILE = "/etc/erpops/tls/edge/tls.crt"
ROOT = authority.root("another authority")
BETWEEN = authority.intermediate(ROOT, "one that signs for it")


@pytest.fixture(scope="module")
def names(estate: Estate) -> list[str]:
    return [instance.host_name for instance in estate.instances]


def context(ca: Pair) -> ssl.SSLContext:
    """Trust this CA and nobody else."""
    return ssl.create_default_context(cadata=ca.pem)


def presented(address: str, name: str, trusted: ssl.SSLContext) -> bytes | None:
    """Return the certificate that an edge presents to a client that verifies it."""
    with (
        socket.create_connection((address, 443), timeout=10) as plain,
        trusted.wrap_socket(plain, server_hostname=name) as secure,
    ):
        return secure.getpeercert(binary_form=True)


def supplied(pair: Pair, *chain: Pair, key: Pair | None = None) -> dict[str, Any]:
    certificate = "".join(entry.pem for entry in (pair, *chain))
    return {"edge": {"certificate": certificate, "private_key": (key or pair).key_pem}}


def unfit(names: list[str]) -> dict[str, tuple[dict[str, Any], str]]:
    """Return what may not be supplied, and the words it is refused with."""
    good, other = authority.leaf(BETWEEN, names), authority.leaf(BETWEEN, names)
    expired, short = authority.leaf(BETWEEN, names, days=-1), authority.leaf(BETWEEN, names[:1])
    redis = {"redis": {"certificate": good.pem + BETWEEN.pem, "private_key": good.key_pem}}
    gone = {"edge": {"certificate": "{{ lookup('ansible.builtin.file', '/nowhere/edge.crt') }}"}}
    torn = {"edge": {"certificate": "torn", "private_key": good.key_pem}}
    return {
        "key": (supplied(good, BETWEEN, key=other), ".edge: the certificate does not belong to the private key"),
        "expired": (supplied(expired, BETWEEN), ".edge: it expired on"),
        "name": (supplied(short, BETWEEN), f".edge: it does not carry {names[1]}, only {names[0]}"),
        "chain": (supplied(good, ROOT), ".edge: the chain is broken: 'CN="),
        "torn": (torn, ".edge: the certificate; expected a certificate in PEM"),
        "missing": (gone, ": it cannot be resolved"),
        "untrusted": (redis, ".redis: the services of the estate do not trust the CA"),
    }


@pytest.mark.parametrize("case", ["key", "expired", "name", "chain", "torn", "missing", "untrusted"])
def test_what_would_not_serve_is_refused_before_any_host_is_touched(
    estate: Estate, names: list[str], tmp_path: Path, case: str
) -> None:
    value, words = unfit(names)[case]
    before = {host.name: host.file(FILE).content for host in estate.group("edge")}
    refused = site.run(*TAGS, *authority.given(tmp_path, certificates_supplied=value), check=False)
    assert refused.status != 0
    assert f"certificates_supplied{words}" in refused.output
    assert "PRIVATE KEY" not in refused.output
    # Only the controller has judged: no other play was entered.
    assert refused.tasks == ()
    assert "Report everything that is wrong with the inventory" in refused.output
    assert {host.name: host.file(FILE).content for host in estate.group("edge")} == before


def test_the_edges_present_it_and_give_it_back(
    estate: Estate, north: Instance, names: list[str], tmp_path: Path
) -> None:
    pair = authority.leaf(BETWEEN, names)
    edges = estate.group("edge")
    arguments = (*TAGS, *authority.given(tmp_path, certificates_supplied=supplied(pair, BETWEEN)))
    try:
        done = site.run(*arguments)
        assert {host for host, _task in done.tasks} == {edge.name for edge in edges}
        for address in [estate.virtual_ip, *(edge.address for edge in edges)]:
            assert presented(address, north.host_name, context(ROOT)) == pair.der
        assert Route(north.host_name, estate.virtual_ip, context(ROOT)).request("GET", "/web/login").status == 200
        with pytest.raises(ssl.SSLCertVerificationError):
            presented(estate.virtual_ip, north.host_name, estate.tls())
        assert all(edge.file("/etc/erpops/tls/edge/tls.key").mode == 0o400 for edge in edges)
    finally:
        site.run(*TAGS)
    until_whole(estate)
    for edge in edges:
        assert presented(edge.address, north.host_name, estate.tls()) != pair.der
