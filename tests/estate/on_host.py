"""Runs on one host as root, from standard input, and prints what its daemons say of themselves as JSON.

It asks each running process; it reads no record that a playbook left.
"""

from __future__ import annotations

import json
import ssl
import subprocess
import sys
import urllib.request

CA_FILE = "/etc/erpops/tls/ca.crt"
Row = list[str]


def output(*command: str) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=30).stdout


def fetch(url: str) -> tuple[int, str]:
    context = ssl.create_default_context(cafile=CA_FILE)
    with urllib.request.urlopen(url, timeout=10, context=context) as response:  # noqa: S310 - addresses of the estate
        return response.status, response.read().decode(errors="replace")


def etcd(_name: str, _label: str, _address: str) -> Row:
    tls = "/etc/erpops/tls/etcd"
    flags = [
        f"--cacert={tls}/ca.crt",
        f"--cert={tls}/tls.crt",
        f"--key={tls}/tls.key",
        "--endpoints=https://127.0.0.1:2379",
    ]
    status = json.loads(output("docker", "exec", "etcd", "etcdctl", *flags, "endpoint", "status", "--write-out=json"))[
        0
    ]["Status"]
    output("docker", "exec", "etcd", "etcdctl", *flags, "get", "health")  # a read that a quorum stands behind
    leads = status["leader"] == status["header"]["member_id"]
    return ["etcd", status["version"], "leader" if leads else "follower", "healthy"]


def patroni(_name: str, _label: str, address: str) -> Row:
    members = json.loads(
        output("docker", "exec", "patroni", "patronictl", "-c", "/etc/patroni", "list", "--format=json")
    )
    own = next(member for member in members if member["Host"] == address)
    version = output("docker", "exec", "patroni", "psql", "-U", "postgres", "-Atc", "show server_version").split()[0]
    well = own["State"] in ("running", "streaming") and not own.get("Pending restart")
    return ["patroni (postgresql)", version, own["Role"].lower(), "healthy" if well else own["State"]]


def _redis(address: str, port: int):  # type: ignore[no-untyped-def]  # the host's redis library has no types here
    import redis

    with open("/etc/erpops/redis_client/admin.password", encoding="utf-8") as stream:
        password = stream.read().strip()
    return redis.Redis(
        host=address,
        port=port,
        username="admin",
        password=password,
        ssl=True,
        ssl_ca_certs=CA_FILE,
        ssl_check_hostname=True,
    )


def redis_server(_name: str, _label: str, address: str) -> Row:
    info = _redis(address, 6379).info()
    role = "replica" if info["role"] == "slave" else info["role"]
    well = info.get("master_link_status", "up") == "up"
    return ["redis", info["redis_version"], role, "healthy" if well else "not in sync with the master"]


def sentinel(_name: str, _label: str, address: str) -> Row:
    client = _redis(address, 26379)
    version = client.info("server")["redis_version"]
    answer = client.execute_command("SENTINEL", "CKQUORUM", "sessions")
    text = answer.decode() if isinstance(answer, bytes) else str(answer)
    return ["sentinel", version, "sentinel", "healthy" if text in ("True", "OK") or text.startswith("OK") else text]


def traefik(_name: str, _label: str, address: str) -> Row:
    version = json.loads(fetch(f"http://{address}:8082/api/version")[1])["Version"]
    services = json.loads(fetch(f"http://{address}:8082/api/http/services?per_page=1000")[1])
    states = {url: state for service in services for url, state in (service.get("serverStatus") or {}).items()}
    down = sorted(url for url, state in states.items() if state != "UP")
    return ["traefik", version, "edge", f"{len(down)} of {len(states)} servers down" if down else "healthy"]


def odoo(name: str, label: str, address: str) -> Row:
    inspected = json.loads(output("docker", "inspect", name))[0]
    ports = inspected["NetworkSettings"]["Ports"].get("8069/tcp") or [{"HostIp": address, "HostPort": "8069"}]
    status, _body = fetch(f"http://{ports[0]['HostIp']}:{ports[0]['HostPort']}/web/health?db_server_status=1")
    return [name, label, name.rpartition("_")[2], "healthy" if status == 200 else f"status {status}"]


def container(name: str, label: str, _address: str) -> Row:
    state = json.loads(output("docker", "inspect", name))[0]["State"]
    return [name, label, "single", "healthy" if state["Running"] else state["Status"]]


def keepalived(virtual_ip: str) -> Row:
    version = subprocess.run(["keepalived", "--version"], capture_output=True, text=True, check=True).stderr.split()[1]
    state = subprocess.run(
        ["systemctl", "is-active", "keepalived"], capture_output=True, text=True, check=False
    ).stdout.strip()
    holds = f" {virtual_ip}/" in output("ip", "-oneline", "address", "show")
    return [
        "keepalived",
        version.lstrip("v"),
        "master" if holds else "backup",
        "healthy" if state == "active" else state,
    ]


ASK = {"etcd": etcd, "patroni": patroni, "redis": redis_server, "sentinel": sentinel, "traefik": traefik}


def main(address: str, virtual_ip: str, groups: str) -> list[Row]:
    rows = []
    names = sorted(output("docker", "ps", "--all", "--format", "{{.Names}}").split())
    for name in names:
        label = json.loads(output("docker", "inspect", name))[0]["Config"]["Labels"].get(
            "org.opencontainers.image.version", ""
        )
        ask = odoo if name.startswith("odoo_") else ASK.get(name, container)
        try:
            rows.append(ask(name, label, address))
        except Exception as error:  # noqa: BLE001 - whatever is wrong with one daemon is its row in the table
            rows.append([name, label, "", f"no answer: {error}"[:120]])
    if "edge" in groups.split(","):
        rows.append(keepalived(virtual_ip))
    return rows


if __name__ == "__main__":
    print(json.dumps(main(*sys.argv[1:4])))
