"""Certificates are renewed while people work: every port shows a new one, and nobody is turned away."""

from __future__ import annotations

import json

from cryptography import x509

from tests.estate import site
from tests.estate.ports import PORTS, connect, members
from tests.estate.wait import until, until_whole
from tests.estate.world import Estate, Instance
from tests.load.load import Load

# Certificates are valid for 397 days: all of them are due, and those that take their place are not.
DUE = json.dumps({"certificates_renew_before_days": 397, "certificates_days": 398})


def serials(estate: Estate) -> dict[str, int]:
    """Return the serial number of the certificate that each port presents now."""
    found = {}
    for port in PORTS:
        for address in members(estate, port):
            with connect(address, port) as plain, estate.tls().wrap_socket(plain, server_hostname=address) as secure:
                presented = secure.getpeercert(binary_form=True)
            assert presented is not None
            found[f"{address}:{port.number}"] = x509.load_der_x509_certificate(presented).serial_number
    return found


def test_every_port_presents_a_renewed_certificate_without_an_outage(estate: Estate, north: Instance) -> None:
    until_whole(estate)
    before = serials(estate)
    with Load(estate, north) as load:
        site.run("-e", DUE)
        # The object storage looks for a new certificate twice a minute.
        until(lambda: not before.items() & serials(estate).items(), 60, "a new certificate on every port")
    result = load.result()
    print(result.summary())
    assert not result.faults, result.summary()
    until_whole(estate)
