"""Another CA: nothing is signed by one that is not trusted everywhere yet, and none goes that still is in use."""

from __future__ import annotations

from tests.estate import site
from tests.estate.world import Estate
from tests.lab import paths

FILE = "/etc/erpops/tls/etcd/tls.crt"


def given(*names: str) -> tuple[str, str]:
    return "-e", f'{{"certificates_authorities": {list(names)}}}'.replace("'", '"')


def test_a_step_that_comes_too_early_is_refused_before_anything_changes(estate: Estate) -> None:
    words = "is to sign and this host does not trust it yet"
    before = {host.name: host.file(FILE).content for host in estate.group("etcd")}
    made = [paths.AUTHORITY / f"untrusted.{ending}" for ending in ("crt", "key")]
    try:
        refused = site.run("--tags", "certificates", *given("untrusted", "ca"), check=False)
    finally:
        for file in made:
            file.unlink(missing_ok=True)
    assert refused.status != 0
    assert all(f"{host.name}: " in refused.output and words in refused.output for host in estate.hosts)
    # The CA is made on the controller; of the hosts none was touched.
    assert all(task.startswith("erpops.estate.certificates : Create") for _host, task in refused.tasks)
    assert {host.name: host.file(FILE).content for host in estate.group("etcd")} == before
