"""Clients of the estate speak to nobody another CA vouches for. Each is asked as it is configured, but for the CA."""

from __future__ import annotations

import json
import shlex
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.estate import access, authority
from tests.estate.traces import leader
from tests.estate.world import Estate, Host, Instance

# Arguments: a CA in PEM, and the file that configures Odoo. Only the parts of the add-on are imported that Odoo itself
# is not needed for.
REDIS = """
import dataclasses, json, sys, tempfile, types
package = types.ModuleType("erpops_session_redis")
package.__path__ = ["/opt/erpops/addons/erpops_session_redis"]
sys.modules[package.__name__] = package
from erpops_session_redis import master, settings
own = settings.from_file(sys.argv[2])
key = own.prefix + "probe"
host, port = master.Master(own)._ask_sentinels()
def said(act):
    try:
        act()
    except Exception as error:
        return f"{type(error).__name__}: {error}"
    return ""
with tempfile.NamedTemporaryFile("w") as file:
    file.write(sys.argv[1])
    file.flush()
    given = dataclasses.replace(own, ca_file=file.name)
    print(json.dumps({
        "Sentinels": said(lambda: master.Master(given).run(lambda client: client.get(key), within=1)),
        "master": said(lambda: master.Master(given)._open(host, port).get(key)),
    }))
"""

# Arguments: a CA in PEM, Odoo's add-ons, the file that configures it, its database. In Odoo's own shell.
BUCKET = """
set -eu; work=$(mktemp -d); trap 'rm -rf "$work"' EXIT; umask 077
printf %s "$1" > "$work/ca.crt"
sed "s|^ca_bundle = .*|ca_bundle = $work/ca.crt|" "$AWS_CONFIG_FILE" > "$work/aws_config"
grep -q "^ca_bundle = $work/ca.crt$" "$work/aws_config"
AWS_CONFIG_FILE=$work/aws_config odoo "--addons-path=$2" shell --config "$3" -d "$4" --no-http <<'END'
import json
said, storage = [], env["fs.storage"].get_by_code("attachments")
try:
    storage._ls_check_connection(storage.fs)
except Exception as error:
    while error:
        said.append(f"{type(error).__name__}: {error}")
        error = error.__cause__ or error.__context__
print(json.dumps({"bucket": "; ".join(said)}))
END
"""

# Argument: a CA in PEM. What cannot be verified is tried again until the time is up.
REPOSITORY = """
set -eu; work=$(mktemp -d); trap 'rm -rf "$work"' EXIT
printf %s "$1" > "$work/ca.crt"
pgbackrest "--repo1-storage-ca-file=$work/ca.crt" --io-timeout=3 --log-level-console=off --log-level-stderr=error \
    repo-ls backup 2>&1
"""

Said = dict[str, str]


def redis_said(estate: Estate, north: Instance, pem: str) -> Said:
    """Return what the session store says of the Sentinels and the master; "" where it was served."""
    command = "printf %%s %s | docker exec -i %s python3 - %s %s"
    host, config = estate.group("odoo")[0], f"/etc/erpops/odoo/{north.name}/web.conf"
    return last_line(host, command, REDIS, access.web_container(north), pem, config)


def bucket_said(estate: Estate, north: Instance, pem: str) -> Said:
    """Return what Odoo says of its bucket; "" where it was served."""
    command = "docker exec %s sh -c %s sh %s %s %s %s"
    host, config = estate.group("odoo")[0], f"/etc/erpops/odoo/{north.name}/web.conf"
    given = (BUCKET, pem, access.ADDONS, config, north.database)
    return last_line(host, command, access.web_container(north), *given)


def repository_said(estate: Estate, _north: Instance, pem: str) -> Said:
    """Return what pgBackRest says of its repository; "" where it was served."""
    done = leader(estate).run("docker exec patroni sh -c %s sh %s", REPOSITORY, pem)
    return {"repository": "" if done.succeeded else f"{done.stdout}{done.stderr}"}


def last_line(host: Host, command: str, *arguments: str) -> Said:
    said: Said = json.loads(host.check_output(command, *arguments).splitlines()[-1])
    return said


@pytest.mark.parametrize(
    ("ask", "refusal"),
    [
        (redis_said, "CERTIFICATE_VERIFY_FAILED"),
        (bucket_said, "CERTIFICATE_VERIFY_FAILED"),
        (repository_said, "unable to verify certificate presented by"),
    ],
    ids=["Odoo to Redis", "Odoo to the object storage", "pgBackRest to the object storage"],
)
def test_a_client_with_another_ca_is_not_content(
    estate: Estate, north: Instance, ask: Callable[[Estate, Instance, str], Said], refusal: str
) -> None:
    served = ask(estate, north, Path(estate.ca_file).read_text(encoding="utf-8"))
    assert set(served.values()) == {""}, served
    refused = ask(estate, north, authority.root("another authority").pem)
    assert all(refusal in said for said in refused.values()), refused


def test_containers_of_odoo_see_the_authorities_and_no_certificate_or_key(estate: Estate) -> None:
    for host in estate.group("odoo"):
        containers = [name for name in host.containers() if name.startswith("odoo_")]
        assert containers, host.name
        for name in containers:
            seen = host.check_output(f"docker exec {shlex.quote(name)} find /etc/erpops/tls -type f").splitlines()
            assert seen == ["/etc/erpops/tls/ca.crt"], (host.name, name)
