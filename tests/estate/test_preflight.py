"""What only the hosts can tell is refused before anything is changed: seen on a machine that really is like that.

One host is looked at from inside a mount namespace: another release of the system, a full disk, a clock that is
ahead (libfaketime, in that one process; all machines of the lab share the kernel's). A port that a new member would
need is taken by a listener, the host may use less memory than its services need, and PostgreSQL is to have fewer
connections than Odoo's processes may open.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.estate import site
from tests.estate.site import Run
from tests.estate.world import Estate, Host

BECOME = "/usr/local/sbin/erpops-test-become"
LISTENER = "erpops-test-listener"
# In place of sudo: the same command, as root, in a world of its own. Ansible calls it with sudo's words.
ELSEWHERE = """#!/bin/sh
while [ "$1" != /bin/sh ]; do shift; done
exec sudo -n unshare --mount /bin/sh -euc '
    echo "ID=debian
VERSION_ID=11" >/run/erpops-test-os-release
    mount --bind /run/erpops-test-os-release "$(readlink -f /etc/os-release)"
    mount -t tmpfs -o size=64m tmpfs /var/lib
    exec faketime -f +20s "$@"
' sh "$@"
"""


@pytest.fixture(scope="module")
def host(estate: Estate) -> Iterator[Host]:
    """A host that is no edge, with a listener on a port of the edge."""
    host = next(host for host in estate.group("etcd") if "edge" not in host.groups)
    host.check_output("command -v faketime || { apt-get -qq update && apt-get -qq install faketime; }")
    host.write(BECOME, ELSEWHERE)
    host.check_output("chmod 0755 %s", BECOME)
    host.check_output("systemd-run --quiet --unit=%s python3 -m http.server 8082", LISTENER)
    yield host
    host.check_output("systemctl stop %s; rm %s /run/erpops-test-os-release", LISTENER, BECOME)


@pytest.fixture(scope="module")
def refused(host: Host, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A run with the host made an edge too, in an inventory beside the lab's."""
    inventory = tmp_path_factory.mktemp("inventory")
    _write(inventory / "hosts.yml", {"edge": {"hosts": {host.name: None}}})
    _write(inventory / "host_vars" / f"{host.name}.yml", {"ansible_become_exe": BECOME, "estate_host_memory_mb": 700})
    _write(inventory / "group_vars" / "patroni.yml", {"patroni_max_connections": 60})
    # Tagged "always" and nothing else: what comes before the first change.
    return site.run("-i", str(inventory), "--tags", "nothing", check=False)


@pytest.mark.parametrize(
    "finding",
    [
        "operating system: it runs debian 11. Install Debian 12 or 13 on it",
        "disk: 64 MiB are free below /var/lib and 1024 are needed. Free some",
        "memory: the containers on {host} may take",
        "traefik_management_port: something that is not the estate's traefik listens on port 8082 (0.0.0.0). Stop it",
        "clock of {host}: it is at least",
        "patroni_max_connections: max_connections: expected at least",
        "found 60. Raise it, or lower workers or db_maxconn",
    ],
)
def test_a_host_that_does_not_fit_is_refused_with_what_was_found_and_what_to_do(
    host: Host, refused: Run, finding: str
) -> None:
    assert refused.status != 0
    assert finding.format(host=host.name) in refused.output


def test_nothing_was_changed(refused: Run) -> None:
    assert refused.tasks == ()


def test_a_limited_run_sizes_by_the_hosts_that_it_leaves_out(estate: Estate, tmp_path: Path) -> None:
    """The host that is named could carry more workers of Odoo than the hosts that have to, and carries none."""
    named = next(host for host in estate.group("patroni") if "odoo" not in host.groups)
    tools = "/usr/local/lib/erpops-test-tools"
    named.check_output("install --directory --mode 755 %s", tools)
    try:
        named.write(f"{tools}/getconf", "#!/bin/sh\necho 64\n")
        become = f'while [ "$1" != /bin/sh ]; do shift; done\nexec sudo -n env PATH={tools}:"$PATH" "$@"\n'
        named.write(f"{tools}/become", f"#!/bin/sh\n{become}")
        named.check_output("chmod 755 %s/getconf %s/become", tools, tools)
        variables = {"ansible_become_exe": f"{tools}/become", "estate_host_memory_mb": 16384}
        _write(tmp_path / "host_vars" / f"{named.name}.yml", variables)
        _write(tmp_path / "hosts.yml", {"patroni": {"hosts": {named.name: None}}})
        run = site.run("-i", str(tmp_path), "--limit", named.name, "--tags", "patroni", "--check")
    finally:
        named.check_output("rm --recursive %s", tools)
    seen = [result["survey"]["cpus"] for _host, _task, result in run.results if "survey" in result]
    assert seen == [64]
    assert run.tasks == ()


def _write(file: Path, content: dict[str, Any]) -> None:
    file.parent.mkdir(exist_ok=True)
    file.write_text(yaml.safe_dump(content), encoding="utf-8")
