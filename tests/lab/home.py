"""A home directory for the tools the lab runs: what they leave in the home of whoever calls them goes with ``.lab``."""

from __future__ import annotations

import os
from pathlib import Path

from tests.lab import paths

# What they have to find there as before: how this machine reaches package indexes, registries and repositories.
_LENT = (".pip", ".config/pip", ".cache/pip", ".netrc", ".docker", ".gitconfig", ".config/git")


def enter(home: Path = paths.HOME) -> None:
    """Make it the home of this process and of everything it starts."""
    own = Path.home()
    if own == home:
        return
    for name in _LENT:
        link = home / name
        if (own / name).exists() and not link.is_symlink():
            link.parent.mkdir(parents=True, exist_ok=True)
            link.symlink_to(own / name)
    home.mkdir(parents=True, exist_ok=True)
    os.environ["HOME"] = str(home)
