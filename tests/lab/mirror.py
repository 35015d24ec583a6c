"""Where Debian's packages come from: the mirror that this machine's own apt asks, and how it gets there."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

# For a workstation without apt, or whose apt asks another distribution.
_PUBLIC = "http://deb.debian.org/"
# What apt calls the two archives, and the path under which mirrors offer them.
_ARCHIVES = {"Debian": "debian", "Debian-Security": "debian-security"}
_FILE_OF_MIRRORS = "mirror+file:"
_SOURCES = """\
Types: deb
URIs: {archive}
Suites: {release} {release}-updates
Components: main
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg

Types: deb
URIs: {security}
Suites: {release}-security
Components: main
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg
"""

Ask = Callable[[Sequence[str]], str]


@dataclass(frozen=True)
class Mirror:
    """The addresses of Debian's archive and of its security updates."""

    archive: str
    security: str

    def sources(self, release: str) -> str:
        """What apt is told in an image."""
        return _SOURCES.format(archive=self.archive, security=self.security, release=release)


def output(command: Sequence[str]) -> str:
    """What a command says; nothing where there is no such command."""
    try:
        return subprocess.run(command, capture_output=True, text=True, check=False).stdout
    except FileNotFoundError:
        return ""


def of_this_machine(ask: Ask = output) -> Mirror:
    """``ERPOPS_DEBIAN_MIRROR`` and ``ERPOPS_DEBIAN_SECURITY_MIRROR``, or else what this machine's apt asks."""
    return Mirror(
        archive=os.environ.get("ERPOPS_DEBIAN_MIRROR") or _asked_by_apt("Debian", ask),
        security=os.environ.get("ERPOPS_DEBIAN_SECURITY_MIRROR") or _asked_by_apt("Debian-Security", ask),
    )


def proxy_configuration(ask: Ask = output) -> str:
    """The machine's own apt proxy, as a piece of apt.conf; empty where it has none."""
    lines = []
    for name in ("Acquire::http::Proxy", "Acquire::https::Proxy"):
        value = ask(["apt-config", "--format", "%v%n", "dump", name]).strip()
        if value:
            lines.append(f'{name} "{value}";\n')
    return "".join(lines)


def _asked_by_apt(label: str, ask: Ask) -> str:
    command = ["apt-get", "indextargets", "--format", "$(REPO_URI)"]
    found = ask([*command, "Created-By: Packages", "Origin: Debian", f"Label: {label}"]).split()
    if not found:  # no lists were fetched yet, so apt knows addresses but not whose they are
        known = ask([*command, "--no-release-info", "Created-By: Packages", "Component: main"]).split()
        found = [uri for uri in known if Path(_first_of_file(uri)).name == _ARCHIVES[label]]
    usable = [uri for uri in map(_first_of_file, found) if urlsplit(uri).scheme in {"http", "https"}]
    return (usable or [_PUBLIC + _ARCHIVES[label]])[0].rstrip("/")


def _first_of_file(uri: str) -> str:
    """Cloud images name a file of mirrors in place of a mirror."""
    if not uri.startswith(_FILE_OF_MIRRORS):
        return uri
    try:
        lines = Path(uri.removeprefix(_FILE_OF_MIRRORS).rstrip("/")).read_text(encoding="utf-8").splitlines()
    except OSError:
        return uri
    return next((line.split()[0] for line in lines if line.strip() and not line.startswith("#")), uri)
