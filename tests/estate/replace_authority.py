"""Replaces the CA under load and back again: every port changes its certificate twice, and nobody is turned away.

It takes a quarter of an hour, so it is no part of the suite: ``python -m tests.estate.replace_authority``.
"""

from __future__ import annotations

import ssl
import tempfile
import time
from dataclasses import replace
from functools import partial
from pathlib import Path

from tests.estate import site
from tests.estate.ports import PORTS, connect, members
from tests.estate.test_authority import given
from tests.estate.wait import until, until_whole
from tests.estate.world import Estate
from tests.lab import paths
from tests.load.load import Load

OLD, NEW = "ca", "replacement"
# Trust first, then sign; and the same way back, which takes the other one out.
STEPS = ((OLD, NEW), (NEW, OLD), (OLD, NEW), (OLD,))


def signed_by(estate: Estate, name: str) -> bool:
    """Return whether every port presents a certificate that a client who trusts this CA alone accepts."""
    context = ssl.create_default_context(cafile=str(paths.AUTHORITY / f"{name}.crt"))
    for port in PORTS:
        for address in members(estate, port):
            try:
                with connect(address, port) as plain, context.wrap_socket(plain, server_hostname=address):
                    pass
            except ssl.SSLCertVerificationError:
                return False
    return True


def both() -> str:
    """Return a file with the CAs that exist by now."""
    files = [paths.AUTHORITY / f"{name}.crt" for name in (OLD, NEW)]
    bundle = Path(tempfile.gettempdir()) / "erpops-authorities.crt"
    bundle.write_text("".join(file.read_text(encoding="utf-8") for file in files if file.exists()), encoding="utf-8")
    return str(bundle)


def main() -> None:
    """Walk through the steps; each is a run of the whole site.yml."""
    estate = Estate.load()
    until_whole(estate)
    for names in STEPS:
        start = time.monotonic()
        # Users got the new CA when it was made.
        with Load(replace(estate, ca_file=both()), estate.instance("north")) as load:
            done = site.run(*given(*names))
            seconds = time.monotonic() - start
            until(partial(signed_by, estate, names[0]), 60, f"every port to present what {names[0]} signed")
        result = load.result()
        print(f"certificates_authorities {list(names)}: {seconds:.0f} s, {done.changes} changes")
        print(result.summary())
        until_whole(estate)
    for ending in ("crt", "key"):
        (paths.AUTHORITY / f"{NEW}.{ending}").unlink()


if __name__ == "__main__":
    main()
