"""Another CA for the running estate and back again, as docs/certificates.md tells it: nobody is turned away.

A quarter of an hour, so it is no part of the suite: ``make replace-authority``. Interrupted, it can be started again.
"""

from __future__ import annotations

import ssl
import time
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
from cryptography import x509

from tests.estate import site
from tests.estate.bastion import Bastion
from tests.estate.ports import PORTS, connect, members
from tests.estate.test_authority import given
from tests.estate.test_ledger import ended
from tests.estate.wait import until, until_whole
from tests.estate.world import Estate, Instance
from tests.lab import paths
from tests.load.load import Load

OLD, NEW = "ca", "replacement"
# Trust, sign, and take the other one out; the way back comes through the first step again.
STEPS = ((OLD, NEW), (NEW, OLD), (OLD, NEW), (OLD,))


def certificate(name: str) -> Path:
    """Return where the certificate of a CA is; users are given it from here."""
    return paths.AUTHORITY / f"{name}.crt"


def strangers(estate: Estate, name: str) -> list[str]:
    """Return the ports whose certificate a client does not accept that trusts this CA alone."""
    context = ssl.create_default_context(cafile=str(certificate(name)))
    found = []
    for port in PORTS:
        for address in members(estate, port):
            try:
                with connect(address, port) as plain, context.wrap_socket(plain, server_hostname=address):
                    pass
            except ssl.SSLCertVerificationError:
                found.append(f"{address}:{port.number}")
    return found


@pytest.fixture(scope="module")
def bastion(tmp_path_factory: pytest.TempPathFactory) -> Bastion:
    """A machine that records changes: etcd knows it by a certificate of the estate's CA."""
    made = Bastion(tmp_path_factory.mktemp("bastion"))
    made.set_up()
    return made


@pytest.fixture
def users(estate: Estate, tmp_path: Path) -> Estate:
    """The estate as its users see it, who were given every CA that exists before the step."""
    bundle = tmp_path / "ca.crt"
    known = [certificate(name) for name in (OLD, NEW) if certificate(name).exists()]
    bundle.write_text("".join(file.read_text(encoding="utf-8") for file in known), encoding="utf-8")
    return replace(estate, ca_file=str(bundle))


@pytest.mark.parametrize("names", STEPS, ids=", then ".join)
def test_a_step(estate: Estate, north: Instance, users: Estate, bastion: Bastion, names: tuple[str, ...]) -> None:
    until_whole(estate)
    start = time.monotonic()
    with Load(users, north) as load:
        done = site.run(*given(*names))
        seconds = time.monotonic() - start
        # The object storage looks for a new certificate twice a minute.
        until(partial(_nobody, estate, names[0]), 60, f"every port to present what {names[0]} signed")
    result = load.result()
    print(f"\ncertificates_authorities {list(names)}: {seconds:.0f} s, {done.changes} changes\n{result.summary()}")
    assert not result.faults, result.summary()
    until_whole(estate)
    trusted = {x509.load_pem_x509_certificate(certificate(name).read_bytes()) for name in names}
    for host in estate.hosts:
        for file in host.check_output("find /etc/erpops/tls -name ca.crt").split():
            held = x509.load_pem_x509_certificates(host.file(file).content)
            assert (len(held), set(held)) == (len(trusted), trusted), f"{host.name} {file}"
    # The next step would shut out a machine that is not set up again.
    bastion.set_up(*given(*names))
    known = len(ended(bastion))
    bastion.run("recorded")
    assert len(ended(bastion)) > known, "expected the run in the shared ledger, not in the spool"


def _nobody(estate: Estate, name: str) -> bool:
    return not strangers(estate, name)


def test_it_is_the_estate_of_before() -> None:
    for ending in ("crt", "key"):
        certificate(NEW).with_suffix(f".{ending}").unlink()
    assert site.run().tasks == ()
