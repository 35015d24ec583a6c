"""``ansible-test sanity`` on the artefact as it is installed."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.lab import collection, paths
from tests.lab.errors import LabError
from tests.lab.progress import Progress

# ansible-test begins each of its environments with this pip, by a script that it fetches from a site of its own. The
# same pip comes from the package index, and a few lines do what that script would do.
_PIP = "24.2"
_CACHE = paths.HOME / ".ansible" / "test" / "cache"  # in the home that the lab gives it
_SYSTEM_PATH = "/usr/local/bin:/usr/bin:/bin:/usr/local/sbin:/usr/sbin:/sbin"
_SCRIPT = """\
import os
import sys

wheel = os.path.join(os.path.dirname(os.path.abspath(__file__)), {wheel!r})
sys.path.insert(0, wheel)

from pip._internal.cli.main import main  # noqa: E402 - only now it is on the path

not_of_pip = ("--no-setuptools", "--no-wheel")
options = [option for option in sys.argv[1:] if option.startswith("--") and option not in not_of_pip]
sys.exit(main(["install", *options, wheel]))
"""


@contextmanager
def prepared(progress: Progress) -> Iterator[Path]:
    """Install the artefact, see to a pip for ansible-test, and name the directory it must be run in.

    That is a copy outside of any checkout: below one, ansible-test asks Git for its targets, and Git ignores
    what is installed there, so that everything would be skipped.
    """
    collection.ensure(progress)
    script = _CACHE / f"get_pip_{_PIP.replace('.', '_')}.py"
    if not script.exists():
        _CACHE.mkdir(parents=True, exist_ok=True)
        progress.doing("pip for ansible-test")
        pip = [sys.executable, "-m", "pip", "--disable-pip-version-check"]
        progress.run([*pip, "download", "--quiet", "--no-deps", "--dest", _CACHE, f"pip=={_PIP}"], log="sanity")
        paths.write(script, _SCRIPT.format(wheel=f"pip-{_PIP}-py3-none-any.whl"))
    with tempfile.TemporaryDirectory(prefix="sanity-") as root:
        target = Path(root) / "ansible_collections" / "erpops" / "estate"
        shutil.copytree(collection.INSTALLED, target)
        if any((parent / ".git").exists() for parent in target.parents):
            raise LabError(
                f"{root} lies in a Git checkout, where ansible-test would skip everything: set TMPDIR elsewhere"
            )
        yield target


def environment() -> dict[str, str]:
    """ansible-test tries every Python on PATH: only the system's own count."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("ANSIBLE_")}
    return {**kept, "PATH": f"{paths.VENV / 'bin'}:{_SYSTEM_PATH}"}
