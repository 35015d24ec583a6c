"""An instance that is no longer declared: what ran of it is removed, and nothing else is touched."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from tests.estate import site
from tests.estate.world import Estate, Host

NAME, SERVICE = "former", "odoo_former_web"
RECORD, CONFIGURATION = f"/var/lib/erpops/proven/{SERVICE}.json", f"/etc/erpops/odoo/{NAME}"
TASK = "erpops.estate.odoo : Remove what ran of instances that are no longer declared"


@pytest.fixture
def host(estate: Estate) -> Iterator[Host]:
    """A node that runs a container of an instance which the inventory does not name, and has its record and secrets."""
    host = estate.group("odoo")[0]
    record = json.loads(host.check_output("cat /var/lib/erpops/proven/odoo_north_web.json"))
    record["health"]["params"] |= {"name": SERVICE, "service": NAME}
    host.check_output("mkdir -p %s", CONFIGURATION)
    host.write(f"{CONFIGURATION}/redis.password", "canary")
    image = host.check_output("docker inspect --format {{.Image}} odoo_north_web")
    host.check_output("docker run --detach --init --name %s --entrypoint sleep %s 3600", SERVICE, image)
    host.write(RECORD, json.dumps(record))
    yield host
    host.run("docker rm --force %s", SERVICE)
    host.check_output("rm -rf %s %s", RECORD, CONFIGURATION)


def containers(host: Host) -> list[str]:
    return sorted(host.check_output("docker ps --format '{{.Names}} {{.ID}}'").splitlines())


def test_what_ran_of_it_is_removed_with_its_secrets(host: Host) -> None:
    before = containers(host)
    limited = ("--tags", "odoo_run", "--limit", host.name)
    dry = site.run(*limited, "--check")
    assert dry.tasks == ((host.name, TASK),)
    assert containers(host) == before
    assert host.file(RECORD).exists

    done = site.run(*limited)
    assert done.tasks == ((host.name, TASK),)
    assert containers(host) == [line for line in before if not line.startswith(f"{SERVICE} ")]
    assert not host.file(RECORD).exists
    assert not host.file(CONFIGURATION).exists
    assert host.file("/etc/erpops/odoo/north/redis.password").exists
    assert site.run(*limited).tasks == ()
