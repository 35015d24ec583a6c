# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is on this host whoever put it there: accounts, keys, grants of sudo, packages, tables, units. Reads only."""

from __future__ import annotations

import grp
import os
import pwd
import re
import subprocess
from collections.abc import Mapping, Sequence
from itertools import product
from pathlib import Path
from typing import Any

from ansible_collections.erpops.estate.plugins.module_utils.clients.errors import Refused
from ansible_collections.erpops.estate.plugins.module_utils.policy.drift import login_keys
from ansible_collections.erpops.estate.plugins.module_utils.policy.drift.undeclared import (
    grants,
    installed,
    rules_by_table,
    table_names,
)
from ansible_collections.erpops.estate.plugins.module_utils.policy.drift.units import DIRECTORIES, FILES

# Loads a file of rules in a place of its own, where it concerns nobody, and lists what came of it: nft itself says what
# the file means. A rule may name an interface; the loopback of that place takes its name.
ELSEWHERE = 'test -z "$2" || ip link set lo name "$2"; nft --file "$1" && nft --stateless list ruleset'
INTERFACE = re.compile(r'device "([^"]+)"')
SSHD = Path("/usr/sbin/sshd")
SUDOERS, MORE_SUDOERS = Path("/etc/sudoers"), Path("/etc/sudoers.d")


def login() -> str:
    """Return the account that became root to ask."""
    return os.environ.get("SUDO_USER") or "root"


def accounts() -> list[dict[str, Any]]:
    """Return every account with its groups, the one that it begins with included."""
    groups = grp.getgrall()
    names = {group.gr_gid: group.gr_name for group in groups}
    return [
        {
            "name": account.pw_name,
            "uid": account.pw_uid,
            "shell": account.pw_shell,
            "home": account.pw_dir,
            "groups": sorted(
                {group.gr_name for group in groups if account.pw_name in group.gr_mem}
                | ({names[account.pw_gid]} if account.pw_gid in names else set())
            ),
        }
        for account in pwd.getpwall()
    ]


def login_settings() -> tuple[tuple[str, ...], str, str]:
    """Return where sshd looks for the keys of accounts, the command it asks for more, and why it cannot say so."""
    try:
        return *login_keys.settings(_output([str(SSHD), "-T"]) if SSHD.exists() else ""), ""
    except Refused as error:
        return login_keys.USUAL, "", str(error)


def keys(found: Sequence[Mapping[str, Any]], files: Sequence[str]) -> list[dict[str, str]]:
    """Return the keys by which these accounts can be logged in to; accounts may share a file."""
    known = {}
    for account, pattern in product(found, files):
        path = login_keys.place(pattern, account)
        try:
            content = Path(path).read_text(encoding="utf-8", errors="replace")
        except (FileNotFoundError, NotADirectoryError):
            continue
        except OSError as error:
            raise Refused(f"keys of {account['name']}", expected="to read them", found=str(error)) from None
        known[path] = login_keys.read(str(account["name"]), path, content)
    return [one for ones in known.values() for one in ones]


def units() -> list[str]:
    """Return the files of units that are called as this collection calls its own."""
    found = (path for where, each in product(DIRECTORIES, FILES) for path in Path(where).glob(each))
    return sorted(str(path) for path in found if _is_file(path))


def _is_file(path: Path) -> bool:
    # A unit that is masked, or that lies elsewhere, is a link.
    return path.is_symlink() or path.is_file()


def sudo_grants() -> list[dict[str, str]]:
    """Return to whom sudo is granted, and by which file; as sudo does, names with a dot or a tilde are passed over."""
    files = [SUDOERS, *sorted(MORE_SUDOERS.glob("*"))]
    read = [path for path in files if path.is_file() and (path == SUDOERS or not set(path.name) & {".", "~"})]
    return [one for path in read for one in grants(str(path), path.read_text(encoding="utf-8", errors="replace"))]


def packages(names: Sequence[str]) -> dict[str, dict[str, Any]]:
    """Return state, version and hold of those of these packages that the distribution's records know."""
    shown = "--showformat=${db:Status-Want} ${db:Status-Status} ${Package} ${Version}\n"
    # A name that is not known is a line on the other stream, and the status is 1.
    return installed(_output(["dpkg-query", "--show", shown, *names], (0, 1))) if names else {}


def firewall_tables() -> list[str]:
    """Return family and name of each table of nftables."""
    return table_names(_output(["nft", "--json", "list", "tables"]))


def altered_tables(files: Sequence[str]) -> list[str]:
    """Return the tables that have other rules than the file that makes them; one that is not there is none of them."""
    found = []
    for file in (path for path in files if os.path.exists(path)):
        named = INTERFACE.search(Path(file).read_text(encoding="utf-8"))
        place = ["unshare", "--net", "sh", "-ec", ELSEWHERE, "sh", file, named[1] if named else ""]
        for table, rules in rules_by_table(_output(place)).items():
            if table in firewall_tables():
                listing = _output(["nft", "--stateless", "list", "table", *table.split()])
                found += [] if rules_by_table(listing) == {table: rules} else [table]
    return sorted(found)


def _output(command: Sequence[str], accepted: Sequence[int] = (0,)) -> str:
    try:
        done = subprocess.run(list(command), capture_output=True, text=True, check=False)
    except OSError as error:
        raise Refused(f"command {command[0]}", expected="to run it", found=str(error)) from None
    if done.returncode not in accepted:
        found = f"{done.returncode}: {done.stderr.strip()[-2000:]}"
        raise Refused(f"command {' '.join(command[:2])}", expected="exit status 0", found=found)
    return done.stdout
