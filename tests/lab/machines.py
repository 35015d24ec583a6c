"""Raises and removes machines: containers that boot systemd and behave like small VMs."""

from __future__ import annotations

import io
import ipaddress
import socket
import tarfile
import tempfile
import time
from collections.abc import Iterator
from itertools import product
from typing import Any

import docker
from docker.errors import APIError, NotFound
from docker.models.containers import Container

from tests.lab import bases, cgroups, keys, packages, paths
from tests.lab.errors import LabError
from tests.lab.isolation import isolation, lacking_here
from tests.lab.mirror import proxy_configuration
from tests.lab.plan import USER, Lab, Machine
from tests.lab.progress import Progress

_LABEL = bases.OWNED
_KEYS_LABEL = "erpops.lab.keys"
_BOOT_TIMEOUT = 90
_ARCHIVE = "image.tar"
_OPERATOR = 1000


class MachineFailed(LabError):
    """A machine did not come up; the message says what it was seen doing."""


def ensure_image(client: docker.DockerClient, release: str, bare: bool, progress: Progress) -> str:
    """The image a machine boots from: a stage of the one Dockerfile."""
    stage = "bare" if bare else "host"
    base = bases.ensure(client, release, progress)
    context = paths.ROOT / "images" / "host"
    reference = f"erpops/{stage}:{release}"
    base_id = client.images.get(base).id if client.images.list(base) else base
    wanted = bases.fingerprint(str(base_id), stage, (context / "Dockerfile").read_text(encoding="utf-8"))
    if bases.is_current(client, reference, wanted):
        return reference
    progress.doing(f"{stage} image {release}")
    client.images.build(
        path=str(context),
        tag=reference,
        target=stage,
        buildargs={"BASE": base},
        labels={bases.LABEL: wanted, _LABEL: "host"},
        rm=True,
        forcerm=True,
    )
    return reference


def ensure_images(client: docker.DockerClient, progress: Progress) -> None:
    """All that machines boot from, before several runs at once would each build them."""
    for release, bare in product(("bookworm", "trixie"), (False, True)):
        ensure_image(client, release, bare, progress)


def up(client: docker.DockerClient, lab: Lab, progress: Progress) -> None:
    """Raise what is missing, start what is stopped, leave alone what runs; all of them have booted afterwards."""
    packages.ensure({"ssh": "openssh-client", "ssh-keygen": "openssh-client"}, progress)
    keys.ensure(lab)
    missing = [machine for machine in lab.machines if _find(client, lab, machine) is None]
    kinds = sorted({(machine.release, machine.bare) for machine in missing})
    # First, since it takes no time, and where another network is in its place nothing has to be built in vain.
    if missing:
        _ensure_network(client, lab)
    images = {kind: ensure_image(client, *kind, progress) for kind in kinds}
    started = []
    for machine in lab.machines:
        container = _find(client, lab, machine)
        if container is None:
            progress.doing(f"creating {machine.name}")
            container = _create(client, lab, machine, images[machine.release, machine.bare])
        _refuse_foreign(container, lab, machine)
        if container.status != "running":
            container.start()
            started.append(machine)
    for machine in lab.machines:
        _wait(client, lab, machine, progress, started=machine in started)


def load(client: docker.DockerClient, lab: Lab, machine: Machine, image_id: str) -> None:
    """Give a machine's engine an image of this engine: a scenario's machines have no registry."""
    container = client.containers.get(lab.container(machine))
    if container.exec_run(["docker", "image", "inspect", image_id])[0] == 0:
        return
    with tempfile.NamedTemporaryFile(suffix=".tar") as archive:
        with tarfile.open(fileobj=archive, mode="w") as tar:
            saved = b"".join(client.images.get(image_id).save())
            member = tarfile.TarInfo(_ARCHIVE)
            member.size = len(saved)
            tar.addfile(member, io.BytesIO(saved))
        archive.seek(0)
        container.put_archive("/var/lib/docker", archive)
    status, output = container.exec_run(
        ["sh", "-c", f"docker load --quiet --input /var/lib/docker/{_ARCHIVE} && rm /var/lib/docker/{_ARCHIVE}"]
    )
    if status != 0:
        raise MachineFailed(f"{machine.name} cannot load an image: {output!r}")


def down(client: docker.DockerClient, lab: Lab, progress: Progress) -> None:
    """Remove the machines, their volumes and their network."""
    filters: dict[str, str | list[str] | bool] = {"label": f"{_LABEL}={lab.name}"}
    for container in client.containers.list(all=True, filters=filters):
        progress.doing(f"removing {container.name}")
        container.remove(force=True, v=True)
    for volume in client.volumes.list(filters=filters):
        volume.remove(force=True)
    for network in client.networks.list(filters=filters):
        network.remove()
    cgroups.sweep(client, _LABEL)


def status(client: docker.DockerClient, lab: Lab) -> list[str]:
    """One line per machine."""
    lines = []
    for machine in lab.machines:
        container = _find(client, lab, machine)
        state = container.status if container else "absent"
        lines.append(f"{machine.name:<8} {lab.address(machine):<14} {machine.release:<10} {state}")
    return lines


def _find(client: docker.DockerClient, lab: Lab, machine: Machine) -> Container | None:
    return _get(client, lab.container(machine))


def _get(client: docker.DockerClient, name: str) -> Container | None:
    try:
        return client.containers.get(name)
    except NotFound:
        return None


def _refuse_foreign(container: Container, lab: Lab, machine: Machine) -> None:
    known = keys.fingerprint(lab, machine)
    if container.labels.get(_KEYS_LABEL, known) != known:
        raise MachineFailed(
            f"The container {container.name} was made with other keys than those in {paths.SSH}: by another checkout, "
            "or by this one before its .lab was removed. Remove the old lab first: make lab-stop"
        )


def _ensure_network(client: docker.DockerClient, lab: Lab) -> None:
    if client.networks.list(names=[f"^{lab.name}$"]):
        return
    pool = docker.types.IPAMPool(subnet=lab.subnet, gateway=lab.gateway)
    try:
        client.networks.create(
            lab.name,
            driver="bridge",
            ipam=docker.types.IPAMConfig(pool_configs=[pool]),
            labels={_LABEL: lab.name},
            check_duplicate=True,
        )
    except APIError as error:
        others = ", ".join(sorted(_overlapping(client, lab))) or "none of this engine's networks"
        raise MachineFailed(
            f"The network {lab.subnet} of the lab cannot be made: {error.explanation}. In its place is {others}; "
            "remove it (docker network rm), or what of the machine's own has these addresses."
        ) from error


def _overlapping(client: docker.DockerClient, lab: Lab) -> Iterator[str]:
    """Yield the engine's networks that have addresses of the lab's."""
    wanted = ipaddress.ip_network(lab.subnet)
    for network in client.networks.list():
        for pool in (network.attrs.get("IPAM") or {}).get("Config") or ():
            if wanted.overlaps(ipaddress.ip_network(pool["Subnet"], strict=False)):
                yield f"{network.name} ({pool['Subnet']})"


def _create(client: docker.DockerClient, lab: Lab, machine: Machine, image: str) -> Container:
    for volume in lab.volumes(machine):
        client.volumes.create(volume, labels={_LABEL: lab.name})
    api = client.api
    apart = isolation(client.info(), lacking_here())
    volumes = tuple(f"{volume}:{target}:rw" for volume, target in lab.volumes(machine).items())
    host_config: dict[str, Any] = api.create_host_config(
        binds=[*volumes, *apart.binds],
        tmpfs={"/run": "", "/run/lock": "", "/tmp": "exec"},  # noqa: S108 - the machine's own /tmp, nobody shares it
        extra_hosts={f"{other.name}.{lab.domain}": lab.address(other) for other in lab.machines},
    )
    host_config.update(apart.host_config)
    endpoint: Any = api.create_endpoint_config(ipv4_address=lab.address(machine), aliases=[machine.name])
    draft = f"{lab.container(machine)}.new"  # it gets its name once it is complete, whatever interrupts this
    leftover = _get(client, draft)
    if leftover is not None:
        leftover.remove(force=True)
    created = api.create_container(
        image,
        name=draft,
        hostname=machine.name,
        domainname=lab.domain,
        environment=dict(apart.environment),
        labels={_LABEL: lab.name, _KEYS_LABEL: keys.fingerprint(lab, machine)},
        host_config=host_config,
        networking_config={"EndpointsConfig": {lab.name: endpoint}},
    )
    container = client.containers.get(created["Id"])
    container.put_archive("/", _identity(lab, machine))
    container.rename(lab.container(machine))
    return client.containers.get(created["Id"])


def _identity(lab: Lab, machine: Machine) -> bytes:
    """What makes a machine this machine: its host key and whom it lets in."""
    host_key = keys.host_key(lab, machine)
    files = {
        "etc/ssh/ssh_host_ed25519_key": (host_key.read_bytes(), 0o600, 0),
        "etc/ssh/ssh_host_ed25519_key.pub": (host_key.with_suffix(".pub").read_bytes(), 0o644, 0),
        f"home/{USER}/.ssh/authorized_keys": (keys.operator_public_key().encode(), 0o600, _OPERATOR),
    }
    proxy = proxy_configuration()
    if proxy:
        files["etc/apt/apt.conf.d/80lab-proxy"] = (proxy.encode(), 0o644, 0)
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w") as tar:
        for name, (content, mode, owner) in files.items():
            member = tarfile.TarInfo(name)
            member.size, member.mode, member.uid, member.gid = len(content), mode, owner, owner
            member.mtime = int(time.time())
            tar.addfile(member, io.BytesIO(content))
    return archive.getvalue()


def _wait(client: docker.DockerClient, lab: Lab, machine: Machine, progress: Progress, *, started: bool) -> None:
    """Until systemd has settled and SSH answers.

    One that was ``started`` now has to boot whole; what failed on one that ran before is for the roles to mend.
    """
    container = client.containers.get(lab.container(machine))
    deadline = time.monotonic() + _BOOT_TIMEOUT
    state = "not started"
    while time.monotonic() < deadline:
        state = _systemctl(container, "is-system-running")
        if state in {"running", "degraded"}:
            break
        progress.doing(f"{machine.name} boots")
        time.sleep(0.3)
    if state != "running" and (started or state != "degraded"):
        failed = _systemctl(container, "--failed", "--no-legend", "--plain")
        raise MachineFailed(f"{machine.name} did not boot: systemd says {state!r} instead of 'running'. {failed}")
    with socket.create_connection((lab.address(machine), 22), timeout=10) as connection:
        if not connection.recv(4).startswith(b"SSH"):
            raise MachineFailed(f"{machine.name} ({lab.address(machine)}) does not speak SSH on port 22.")


def _systemctl(container: Container, *arguments: str) -> str:
    answer = container.exec_run(["systemctl", *arguments]).output
    return answer.decode(errors="replace").strip() if isinstance(answer, bytes) else ""
