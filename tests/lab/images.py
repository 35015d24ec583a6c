"""Builds the images the estate runs, pushes them to the lab's registry and writes down their digests."""

from __future__ import annotations

import fcntl
import sys
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

import docker
import yaml
from docker.errors import APIError, NotFound

from tests.lab import bases, image_store, inventory, paths, registry
from tests.lab.build import Recipe, build
from tests.lab.plan import ESTATE, Lab
from tests.lab.progress import Progress, clock

ARCHIVE = paths.LAB / "image_registry.tar"
VARIABLES = paths.GENERATED_VARS / "images.yml"
_BASE = "trixie"
_REPOSITORY = "erpops"
_VOLUME = "erpops-lab-registry"
_HOST, _PORT = "store1", 5000

# What shows that an image runs. The longest build first, so that it does not begin when the others have ended.
PROOFS: dict[str, tuple[str, ...]] = {
    "odoo": ("sh", "-c", "odoo --version && wkhtmltopdf --version"),
    "postgresql": ("sh", "-c", "postgres --version && patroni --version && pgbackrest version"),
    "object_storage": ("weed", "version"),
    "traefik": ("traefik", "version"),
    "etcd": ("sh", "-c", "etcd --version && etcdctl version"),
    "redis": ("sh", "-c", "redis-server --version && redis-sentinel --version && redis-cli --version"),
    "image_registry": ("docker-registry", "--version"),
}


@dataclass(frozen=True)
class Built:
    """An image as the engine has it."""

    name: str
    tag: str
    image_id: str


def ensure(client: docker.DockerClient, progress: Progress, lab: Lab = ESTATE) -> dict[str, str]:
    """Build and push what is missing or out of date, and write the list of images by digest, which is returned."""
    with _alone(progress):
        return _ensure(client, progress, lab)


def ensure_built(client: docker.DockerClient, names: list[str], progress: Progress) -> dict[str, Built]:
    """Build those of these images that are missing or out of date."""
    with _alone(progress):
        return _build(client, names, progress)


def _ensure(client: docker.DockerClient, progress: Progress, lab: Lab) -> dict[str, str]:
    built = _build(client, list(PROOFS), progress)
    digests = _ensure_pushed(client, built, lab, progress)
    _ensure_archive(client, built["image_registry"], progress)
    address = f"{_HOST}.{lab.domain}:{_PORT}"
    images = {name: f"{address}/{_REPOSITORY}/{name}@{digests[name]}" for name in sorted(digests)}
    variables = {
        "estate_image_registry": address,
        "estate_images": images,
        # a registry cannot serve the image it runs from: it comes as an archive and is known by its id
        "image_registry_image": built["image_registry"].image_id,
        "image_registry_archive": str(ARCHIVE),
    }
    paths.write(VARIABLES, "---\n" + yaml.safe_dump(variables, sort_keys=False, width=200))
    _remove_outdated(client, built)
    return images


@contextmanager
def _alone(progress: Progress) -> Iterator[None]:
    """Two runs at once would build the same image twice, and the second result would replace the first."""
    paths.LAB.mkdir(parents=True, exist_ok=True)
    with (paths.LAB / "images.lock").open("w", encoding="utf-8") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            progress.doing("waiting for another run that builds images")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _remove_outdated(client: docker.DockerClient, built: Mapping[str, Built]) -> None:
    """Earlier builds go, unless a container still runs from one."""
    for image in built.values():
        current = f"{_REPOSITORY}/{image.name}:{image.tag}"
        for found in client.images.list(f"{_REPOSITORY}/{image.name}", filters={"label": bases.OWNED}):
            for tag in found.tags:
                if tag != current:
                    with suppress(APIError):
                        client.images.remove(tag)


def _build(client: docker.DockerClient, names: list[str], progress: Progress) -> dict[str, Built]:
    base = bases.ensure(client, _BASE, progress)
    base_id = _base_id(client, base)
    recipes = [
        Recipe(name, paths.ROOT / "images" / name, base_id, _arguments(name, base), PROOFS[name]) for name in names
    ]
    with ThreadPoolExecutor(max_workers=2) as builders:
        jobs = [builders.submit(_ensure_built, client, recipe, progress) for recipe in recipes]
        try:
            return {job.result().name: job.result() for job in jobs}
        except KeyboardInterrupt:
            progress.say("Interrupted; what is being built is finished first, nothing else is begun.")
            builders.shutdown(wait=False, cancel_futures=True)
            raise


def languages(instances: list[dict[str, Any]]) -> list[str]:
    """The translations instances ask for. ``fr_BE`` also needs ``fr``, which it refines; English is the source."""
    asked = {str(language) for instance in instances for language in instance.get("languages", [])}
    return sorted((asked | {language.partition("_")[0] for language in asked}) - {"en", "en_US"})


def _arguments(name: str, base: str) -> dict[str, str]:
    arguments = {"BASE": base}
    if name == "odoo":
        arguments["LANGUAGES"] = " ".join(languages(inventory.instances()))
    return arguments


def _base_id(client: docker.DockerClient, base: str) -> str:
    try:
        return str(client.images.get(base).id)
    except NotFound:
        return str(client.images.pull(base).id)


def _ensure_built(client: docker.DockerClient, recipe: Recipe, progress: Progress) -> Built:
    fingerprint = recipe.fingerprint
    tag = fingerprint[:12]
    reference = f"{_REPOSITORY}/{recipe.name}:{tag}"
    if not bases.is_current(client, reference, fingerprint):
        start = time.monotonic()
        build(client, recipe, reference, progress)
        progress.say(f"  image {recipe.name} built in {clock(time.monotonic() - start)}")
    return Built(recipe.name, tag, str(client.images.get(reference).id))


def _ensure_pushed(
    client: docker.DockerClient, built: Mapping[str, Built], lab: Lab, progress: Progress
) -> dict[str, str]:
    """Digests by name. No registry is started when the volume has everything already."""
    try:
        client.volumes.get(_VOLUME)
    except NotFound:
        client.volumes.create(_VOLUME, labels={bases.OWNED: lab.name})
    digests = {}
    with registry.opened(client, built["image_registry"].image_id, _VOLUME, lab.name) as store:
        pushed = store.pushed()
        for image in built.values():
            name = f"{_REPOSITORY}/{image.name}"
            known = pushed.get(name, {})
            if known.get("id") == image.image_id:
                digests[image.name] = known["digest"]
                continue
            start = time.monotonic()
            progress.doing(f"pushing {image.name}")
            digests[image.name] = store.push(client, image.image_id, name, image.tag)
            progress.say(f"  image {image.name} pushed in {clock(time.monotonic() - start)}")
    return digests


def _ensure_archive(client: docker.DockerClient, image: Built, progress: Progress) -> None:
    stamp = paths.STAMPS / "image_registry.tar"
    if ARCHIVE.exists() and stamp.exists() and stamp.read_text(encoding="utf-8") == image.image_id:
        return
    progress.doing(f"saving image_registry to {ARCHIVE.name}")
    draft = ARCHIVE.with_name(f".{ARCHIVE.name}.new")
    with draft.open("wb") as archive:
        # by name, so that the host that loads it shows one
        for chunk in client.images.get(f"{_REPOSITORY}/{image.name}:{image.tag}").save(named=True):
            archive.write(chunk)
    draft.replace(ARCHIVE)
    paths.write(stamp, image.image_id)


def main() -> int:
    """Build and push on their own: ``python -m tests.lab.images``."""
    progress = Progress()
    with progress.phase("Images"):
        for name, reference in ensure(image_store.engine_to_use(progress), progress).items():
            progress.say(f"  {name}: {reference}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
