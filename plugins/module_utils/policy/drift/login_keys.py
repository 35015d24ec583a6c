# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Keys by which accounts of a host can be logged in to, against those that are declared."""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from ansible_collections.erpops.estate.plugins.module_utils.policy.drift.difference import UNTOLD, Difference

# As OpenSSH shows it.
FINGERPRINT = "SHA256:"
KEY = re.compile(r"(?:ssh|ecdsa|sk)-\S+\s+(?P<blob>\S+)\s*(?P<comment>.*)")
OPTIONS = re.compile(r'(?:[^\s"]|"(?:\\"|[^"])*")+\s+')
FILES, COMMAND = "authorizedkeysfile", "authorizedkeyscommand"
# Of sshd where it says nothing else.
USUAL = (".ssh/authorized_keys", ".ssh/authorized_keys2")


def fingerprint(line: str) -> str:
    """Return what a line of authorized_keys, or a public key, is known by; empty where it is neither."""
    if line.startswith(FINGERPRINT):
        return line.split(maxsplit=1)[0]
    found = _key(line)
    return found[0] if found else ""


def read(account: str, file: str, content: str) -> list[dict[str, str]]:
    """Return the keys of a file."""
    found = filter(None, map(_key, content.splitlines()))
    return [{"account": account, "file": file, "key": known, "comment": comment} for known, comment in found]


def _key(line: str) -> tuple[str, str] | None:
    """Return fingerprint and comment of the key of a line, None where it has none; options may stand in front."""
    text = line.strip()
    if text.startswith("#"):
        return None
    options = OPTIONS.match(text)
    found = KEY.match(text) or (options and KEY.match(text, options.end()))
    if not found:
        return None
    try:
        blob = base64.b64decode(found["blob"], validate=True)
    except binascii.Error:
        return None
    return FINGERPRINT + base64.b64encode(hashlib.sha256(blob).digest()).decode().rstrip("="), found["comment"]


def settings(listing: str) -> tuple[tuple[str, ...], str]:
    """Return from what ``sshd -T`` shows the files of keys, and the command that gives more, empty for none."""
    said = {name: value for name, _blank, value in (line.partition(" ") for line in listing.splitlines())}
    files, command = said.get(FILES, " ".join(USUAL)), said.get(COMMAND, "none")
    return tuple(name for name in files.split() if name != "none"), "" if command == "none" else command


def place(pattern: str, account: Mapping[str, Any]) -> str:
    """Return where the keys of an account are; a name that begins with no slash is below its home."""
    tokens = {"%%": "%", "%h": account["home"], "%u": account["name"], "%U": str(account["uid"])}
    parts = iter(pattern)
    path = "".join(tokens.get(part + next(parts, ""), "") if part == "%" else part for part in parts)
    return path if path.startswith("/") else f"{account['home'].rstrip('/')}/{path}"


def undeclared(host: str, contents: Mapping[str, Any], known: Iterable[str]) -> Iterator[Difference]:
    """Yield the keys that nobody declared, by the account that they let in."""
    allowed = {fingerprint(one) for one in known}
    for entry in contents.get("login_keys") or ():
        if entry["key"] not in allowed:
            whose = f" ({entry['comment']})" if entry["comment"] else ""
            found = f"a key that logs in as {entry['account']}{whose}, in {entry['file']}"
            yield Difference("user", host, f"{entry['account']} {entry['key']}", "nothing", found)
    if contents.get("login_keys_fault"):
        yield Difference(UNTOLD, host, "keys that let in", "to be told", str(contents["login_keys_fault"]))
    command = contents.get("login_keys_command")
    if command:
        yield Difference("user", host, "sshd", "keys in files", f"a command that gives them: {command}")
