"""Base images, made from the distribution's packages alone, so that no public image registry is needed.

Who has one names an image instead: ``ERPOPS_BASE_TRIXIE=debian:trixie-slim``.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import tempfile
from pathlib import Path

import docker
from docker.errors import ImageNotFound

from tests.lab import packages
from tests.lab.progress import Progress

LABEL = "erpops.inputs"
OWNED = "erpops.lab"
_PUBLIC_MIRROR = "http://deb.debian.org/debian"
_SOURCES = """\
Types: deb
URIs: http://deb.debian.org/debian
Suites: {release} {release}-updates
Components: main
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg

Types: deb
URIs: http://deb.debian.org/debian-security
Suites: {release}-security
Components: main
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg
"""


def ensure(client: docker.DockerClient, release: str, progress: Progress) -> str:
    """The reference of the base image of a Debian release; it is built when it is missing or out of date."""
    given = os.environ.get(f"ERPOPS_BASE_{release.upper()}")
    if given:
        return given
    reference = f"erpops/base:{release}"
    wanted = fingerprint(release, _SOURCES)
    if is_current(client, reference, wanted):
        return reference
    packages.ensure({"mmdebstrap": "mmdebstrap"}, progress)
    progress.doing(f"base image {release} from packages")
    with tempfile.TemporaryDirectory(prefix="erpops-base-") as work:
        archive = Path(work) / f"{release}.tar"
        _bootstrap(release, archive, progress)
        repository, _colon, tag = reference.partition(":")
        client.api.import_image(
            src=str(archive),
            repository=repository,
            tag=tag,
            changes=[f"LABEL {LABEL}={wanted}", f"LABEL {OWNED}=base", 'CMD ["/bin/bash"]'],
        )
    return reference


def fingerprint(*parts: str) -> str:
    """A digest over what an image is made from."""
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:24]


def is_current(client: docker.DockerClient, reference: str, wanted: str) -> bool:
    """Whether the image is there and was made from just these inputs."""
    try:
        labels = client.images.get(reference).labels
    except ImageNotFound:
        return False
    return labels.get(LABEL) == wanted


def machine_mirror() -> str:
    """The Debian mirror this machine uses itself, found among apt's own index targets."""
    given = os.environ.get("ERPOPS_DEBIAN_MIRROR")
    if given:
        return given
    wanted = ["Created-By: Packages", "Origin: Debian", "Label: Debian"]
    command = ["apt-get", "indextargets", "--format", "$(REPO_URI)", *wanted]
    found = subprocess.run(command, capture_output=True, text=True, check=False).stdout.split()
    return found[0].rstrip("/") if found else _PUBLIC_MIRROR


def apt_proxy_configuration() -> str:
    """The machine's own apt proxy, as a piece of apt.conf; empty where it has none."""
    lines = []
    for name in ("Acquire::http::Proxy", "Acquire::https::Proxy"):
        command = ["apt-config", "--format", "%v%n", "dump", name]
        value = subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()
        if value:
            lines.append(f'{name} "{value}";\n')
    return "".join(lines)


def _bootstrap(release: str, archive: Path, progress: Progress) -> None:
    with tempfile.NamedTemporaryFile("w", prefix="erpops-sources-", suffix=".sources") as sources:
        sources.write(_SOURCES.format(release=release))
        sources.flush()
        progress.run(
            [
                "mmdebstrap",
                "--variant=minbase",
                "--include=ca-certificates",
                # what no container ever reads
                "--dpkgopt=path-exclude=/usr/share/doc/*",
                "--dpkgopt=path-include=/usr/share/doc/*/copyright",
                "--dpkgopt=path-exclude=/usr/share/man/*",
                "--dpkgopt=path-exclude=/usr/share/locale/*",
                "--dpkgopt=path-include=/usr/share/locale/locale.alias",
                *[f"--aptopt={line}" for line in apt_proxy_configuration().splitlines()],
                '--customize-hook=rm -f "$1/etc/apt/sources.list" "$1/etc/apt/apt.conf.d/99mmdebstrap"',
                f'--customize-hook=upload "{sources.name}" /etc/apt/sources.list.d/debian.sources',
                '--customize-hook=chmod 0644 "$1/etc/apt/sources.list.d/debian.sources"',
                release,
                str(archive),
                machine_mirror(),
            ],
            log="base-images",
            caption=lambda line: f"base image {release}: {line[3:]}" if line.endswith("...") else None,
        )
