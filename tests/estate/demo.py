"""Puts a real order through the estate and shows where it went: ``python -m tests.estate.demo``."""

from __future__ import annotations

import sys
import time
from pathlib import Path

from tests.estate import access, sight
from tests.estate.browser import order_seen
from tests.estate.journey import Journey, read_back
from tests.estate.traces import TRACES, Walk
from tests.estate.world import Estate, Instance
from tests.lab import keys, paths
from tests.lab.errors import LabError
from tests.lab.plan import ESTATE

_STARTED = time.monotonic()


def say(line: str) -> None:
    print(f"  {time.monotonic() - _STARTED:5.1f} s  {line}", flush=True)


def trade(estate: Estate, instance: Instance) -> None:
    """Buy, receive, sell, deliver, invoice, print, attach; then read it back on the other node."""
    print(f"\nAn order through https://{estate.virtual_ip} ({instance.host_name}), verified against the estate's CA")
    odoo = access.json2(estate, instance)
    session = access.logged_in(estate, instance)
    done = Journey(odoo, session, say).walk()
    for host in estate.group("odoo"):
        read_back(access.json2_on(estate, host, instance), done)
        names = f"{done.purchase_name}, {done.sale_name}, {done.invoice_name}"
        say(f"read back through {host.name}: {names} and the attached file")
    print("\nWhere it went")
    walk = Walk(estate, instance, odoo, session, done)
    for trace in TRACES:
        say(trace(walk))
    try:
        say(order_seen(estate, instance, done))
    except LabError as error:
        say(f"no browser was tried: {error}")


def guide(estate: Estate) -> None:
    """Say where to log in, where credentials lie and what to try next."""
    print("\nLog in")
    for instance in estate.instances:
        print(f"  {instance.url}  user {instance.admin_login}, password in {_shown(instance.admin_password_file)}")
        if Path(instance.api_key_file).exists():
            print(f"    API key in {_shown(instance.api_key_file)}")
    names = " ".join(instance.host_name for instance in estate.instances)
    first, host, ca_file = estate.instances[0], estate.hosts[0], _shown(estate.ca_file)
    address, known_hosts = estate.virtual_ip, _shown(str(keys.known_hosts(ESTATE)))
    ssh = f"ssh -i {_shown(host.key_file)} -o UserKnownHostsFile={known_hosts} {host.user}@{host.address}"
    print(f"""
The names lead to {address}. On this machine put this line into /etc/hosts, or start a browser with the option:
  {address} {names}
  chromium --host-resolver-rules='MAP *.{first.host_name.partition(".")[2]} {address}'
The CA's certificate, for the browser to trust: {ca_file}
Everything a client needs to know: {_shown(str(paths.ESTATE_JSON))}

Try next
  curl --cacert {ca_file} --resolve {first.host_name}:443:{address} {first.url}/web/health
  {ssh} sudo docker exec patroni patronictl -c /etc/patroni list
  .lab/run-playbook erpops.estate.site --check --diff
      what a run would change: nothing. Stop a container or edit a file under /etc/erpops on a node, and see again
  make estate-tests
      the tests against this estate, faults included
  make lab-stop
      removes the machines and keeps what was built""")


def _shown(path: str) -> str:
    found = Path(path)
    return str(found.relative_to(paths.ROOT)) if found.is_relative_to(paths.ROOT) else path


def closing(estate: Estate) -> int:
    """Show what runs where and return the status to end with: 1 where anything is ill."""
    rows = sight.look(estate)
    print("\nWhat runs where, by the word of each service")
    print(sight.table(rows))
    return 1 if any(row.health != "healthy" for row in rows) else 0


def main() -> int:
    estate = Estate.load()
    trading = next(instance for instance in estate.instances if instance.name == "north")
    trade(estate, trading)
    for instance in estate.instances:
        access.api_key(estate, instance)
    status = closing(estate)
    guide(estate)
    return status


if __name__ == "__main__":
    sys.exit(main())
