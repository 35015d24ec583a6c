"""Builds one image from its directory, once: nothing is built again while nothing it is made from has changed."""

from __future__ import annotations

import hashlib
import io
import json
import os
import tarfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import docker
from docker.errors import ContainerError

from tests.lab import bases, paths, wheels
from tests.lab.progress import Progress

_NOT_CONTEXT = {"__pycache__", ".mypy_cache", ".ruff_cache"}
# Passed on to builds; the engine knows these without being told and leaves them out of the image.
_PROXIES = ("http_proxy", "https_proxy", "no_proxy", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY")


class BuildFailed(RuntimeError):
    """An image could not be built, or what was built does not run."""


@dataclass(frozen=True)
class Recipe:
    """What an image is made from, and a command that shows that what is in it runs."""

    name: str
    directory: Path
    base_id: str
    arguments: Mapping[str, str]
    proof: tuple[str, ...]

    @property
    def fingerprint(self) -> str:
        """A digest over everything the image is made from."""
        # wheels do not count: their requirements file does, and pins them by hash
        content = {name: [hashlib.sha256(path.read_bytes()).hexdigest(), _mode(path)] for name, path in self._files()}
        parts = [self.base_id, dict(self.arguments), content]
        return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()

    def context(self, progress: Progress) -> io.BytesIO:
        """The build context: the directory, and the wheels its requirements name under ``wheels/``."""
        files = dict(self._files())
        requirements = self.directory / "requirements.txt"
        if requirements.exists():
            files.update({f"wheels/{wheel.name}": wheel for wheel in wheels.ensure(requirements, progress).iterdir()})
        buffer = io.BytesIO()
        with tarfile.open(fileobj=buffer, mode="w") as tar:
            for name, path in sorted(files.items()):
                member = tarfile.TarInfo(name)
                member.size, member.mode = path.stat().st_size, _mode(path)
                with path.open("rb") as content:
                    tar.addfile(member, content)
        buffer.seek(0)
        return buffer

    def _files(self) -> Iterator[tuple[str, Path]]:
        for path in sorted(self.directory.rglob("*")):
            if path.is_file() and not _NOT_CONTEXT.intersection(path.parts):
                yield str(path.relative_to(self.directory)), path


def build(client: docker.DockerClient, recipe: Recipe, reference: str, progress: Progress) -> None:
    """Build an image under a reference. Interrupted, the engine's own cache goes on after the last whole step."""
    context = recipe.context(progress)
    proxies = {variable: os.environ[variable] for variable in _PROXIES if os.environ.get(variable)}
    paths.LOGS.mkdir(parents=True, exist_ok=True)
    tail: list[str] = []
    with (paths.LOGS / f"image-{recipe.name}.log").open("w", encoding="utf-8") as log:
        for event in client.api.build(
            fileobj=context,
            custom_context=True,
            tag=reference,
            buildargs={**recipe.arguments, **proxies},
            labels={bases.LABEL: recipe.fingerprint, bases.OWNED: "image"},
            rm=True,
            forcerm=True,
            decode=True,
        ):
            if "error" in event:
                lines = "".join(f"\n    {line}" for line in tail)
                raise BuildFailed(f"The image {recipe.name} could not be built: {event['error'].strip()}{lines}")
            text = event.get("stream", "")
            log.write(text)
            log.flush()
            tail = [*tail, *text.splitlines()][-15:]
            if text.startswith("Step "):
                progress.doing(f"image {recipe.name}, {text.split(' :', 1)[0].lower()}")
    _prove(client, recipe, reference)


def _prove(client: docker.DockerClient, recipe: Recipe, reference: str) -> None:
    try:
        client.containers.run(reference, list(recipe.proof), remove=True, network_mode="none", stderr=True)
    except ContainerError as error:
        client.images.remove(reference, force=True)  # or the next run would take it for good
        raise BuildFailed(
            f"The image {recipe.name} was built, but {' '.join(recipe.proof)!r} fails: {error}"
        ) from error


def _mode(path: Path) -> int:
    return 0o755 if path.stat().st_mode & 0o100 else 0o644
