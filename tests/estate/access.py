"""How a client gets in: an API key made once by the instance itself, kept in the file that ``estate.json`` names."""

from __future__ import annotations

import json
from pathlib import Path

from tests.estate.web import Json2, NoAnswer, OdooError, Route, Session
from tests.estate.world import Estate, Host, Instance
from tests.lab import paths

KEY_NAME = "estate client"
ADDONS = "/usr/lib/python3/dist-packages/odoo/addons,/opt/addons/odoo/addons,/opt/erpops/addons"
# In the container; the request goes in by standard input and the key comes out by standard output.
MAKE = (
    'set -eu; umask 077; work=$(mktemp -d); trap \'rm -rf "$work"\' EXIT; cat > "$work/request"; '
    'odoo "--addons-path=$1" estate api-key --config "$2" --request "$work/request" --result "$work/result" >&2; '
    'cat "$work/result"'
)


def json2(estate: Estate, instance: Instance, *, timeout: float = 60.0) -> Json2:
    """Return JSON-2 through the virtual address, with a key that works."""
    route = Route.virtual(estate, instance, timeout=timeout)
    return Json2(route, instance.database, api_key(estate, instance))


def json2_on(estate: Estate, host: Host, instance: Instance) -> Json2:
    """Return JSON-2 at one application node, as the edge reaches it."""
    return Json2(node_route(host, instance), instance.database, api_key(estate, instance))


def logged_in(estate: Estate, instance: Instance, route: Route | None = None) -> Session:
    """Return the administrator's web session."""
    session = Session(route or Route.virtual(estate, instance))
    session.login(instance.admin_login, instance.admin_password)
    return session


def web_container(instance: Instance) -> str:
    """Return the name of the container that serves an instance's users."""
    return f"odoo_{instance.name}_web"


def node_route(host: Host, instance: Instance) -> Route:
    """Return the way to one application node: the address and port its container publishes."""
    shown = host.check_output("docker port %s 8069/tcp", web_container(instance)).split()[0]
    return Route.node(host, instance, int(shown.rpartition(":")[2]))


def api_key(estate: Estate, instance: Instance) -> str:
    """Return the key in the instance's file; one that is missing or no longer accepted is made anew."""
    file = Path(instance.api_key_file)
    if file.exists():
        key = file.read_text(encoding="utf-8").strip()
        try:
            Json2(Route.virtual(estate, instance), instance.database, key).find("res.users", [], limit=1)
        except OdooError as error:
            if error.status != 401:
                raise
        except NoAnswer:
            return key  # the key is not what is wrong
        else:
            return key
    key = _make(estate.group("odoo")[0], instance)
    paths.private_directory(file.parent)
    paths.write_private(file, key + "\n")
    return key


def _make(host: Host, instance: Instance) -> str:
    request = json.dumps({"login": instance.admin_login, "name": KEY_NAME, "days": 90})
    config = f"/etc/erpops/odoo/{instance.name}/web.conf"
    printed = host.check_output(
        "printf %%s %s | docker exec --interactive %s sh -c %s sh %s %s",
        request,
        web_container(instance),
        MAKE,
        ADDONS,
        config,
    )
    return str(json.loads(printed)["key"])
