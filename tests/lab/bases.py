"""Base images, made from the distribution's packages alone, so that no public image registry is needed.

Who has one names an image instead: ``ERPOPS_BASE_TRIXIE=debian:trixie-slim``.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
from pathlib import Path

import docker
from docker.errors import ImageNotFound

from tests.lab import packages
from tests.lab.mirror import Mirror, of_this_machine, proxy_configuration
from tests.lab.progress import Progress

LABEL = "erpops.inputs"
OWNED = "erpops.lab"


def ensure(client: docker.DockerClient, release: str, progress: Progress) -> str:
    """The reference of the base image of a Debian release; it is built when it is missing or out of date."""
    given = os.environ.get(f"ERPOPS_BASE_{release.upper()}")
    if given:
        return given
    reference = f"erpops/base:{release}"
    mirror = of_this_machine()
    wanted = fingerprint(release, mirror.sources(release))
    if is_current(client, reference, wanted):
        return reference
    packages.ensure({"mmdebstrap": "mmdebstrap"}, progress)
    progress.doing(f"base image {release} from packages")
    with tempfile.TemporaryDirectory(prefix="erpops-base-") as work:
        archive = Path(work) / f"{release}.tar"
        _bootstrap(release, mirror, archive, progress)
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


def _bootstrap(release: str, mirror: Mirror, archive: Path, progress: Progress) -> None:
    with tempfile.NamedTemporaryFile("w", prefix="erpops-sources-", suffix=".sources") as sources:
        sources.write(mirror.sources(release))
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
                *[f"--aptopt={line}" for line in proxy_configuration().splitlines()],
                '--customize-hook=rm -f "$1/etc/apt/sources.list" "$1/etc/apt/apt.conf.d/99mmdebstrap"',
                f'--customize-hook=upload "{sources.name}" /etc/apt/sources.list.d/debian.sources',
                '--customize-hook=chmod 0644 "$1/etc/apt/sources.list.d/debian.sources"',
                release,
                str(archive),
                mirror.archive,
            ],
            log="base-images",
            caption=lambda line: f"base image {release}: {line[3:]}" if line.endswith("...") else None,
        )
