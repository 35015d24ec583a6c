"""The lab's secrets: made at random once, kept encrypted by ansible-vault, as an operator would keep his."""

from __future__ import annotations

import secrets as random
import string
import subprocess
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import yaml

from tests.lab import paths

_FILE = paths.GENERATED_VARS / "secrets.yml"
_UPPER = string.ascii_uppercase + string.digits


def _password() -> str:
    return random.token_urlsafe(24)


def _access_key() -> str:
    return "".join(random.choice(_UPPER) for _position in range(20))


_ESTATE: dict[str, Callable[[], str]] = {
    "certificates_ca_passphrase": _password,
    "patroni_superuser_password": _password,
    "patroni_replication_password": _password,
    "patroni_rewind_password": _password,
    "patroni_rest_password": _password,
    "backup_cipher_passphrase": _password,
    "backup_s3_access_key": _access_key,
    "backup_s3_secret_key": _password,
    "object_storage_admin_access_key": _access_key,
    "object_storage_admin_secret_key": _password,
    "ledger_s3_access_key": _access_key,
    "ledger_s3_secret_key": _password,
    "redis_sentinel_admin_password": _password,
    "redis_sentinel_replication_password": _password,
    "redis_sentinel_sentinel_password": _password,
}

_INSTANCE: dict[str, Callable[[], str]] = {
    "database_password": _password,
    "redis_password": _password,
    "s3_access_key": _access_key,
    "s3_secret_key": _password,
    "admin_password": _password,
    "master_password": _password,
    "mail_password": _password,
}


def ensure(instances: list[str]) -> None:
    """Make the secrets that are missing; those that exist are never changed."""
    paths.private_directory(paths.SECRETS)
    if not paths.VAULT_PASSWORD.exists():
        paths.write_private(paths.VAULT_PASSWORD, _password() + "\n")
    known = read()
    wanted = completed(known, instances)
    if wanted != known:
        _write(wanted)
    for name in instances:
        kept = paths.private_directory(paths.SECRETS / name) / "admin_password"
        if not kept.exists():
            paths.write_private(kept, wanted["estate_instance_secrets"][name]["admin_password"])


def completed(known: dict[str, Any], instances: list[str]) -> dict[str, Any]:
    """The known secrets with new ones for those that are missing."""
    estate = {name: known.get(name) or make() for name, make in _ESTATE.items()}
    had = known.get("estate_instance_secrets", {})
    each = {
        instance: {name: had.get(instance, {}).get(name) or make() for name, make in _INSTANCE.items()}
        for instance in instances
    }
    return {**known, **estate, "estate_instance_secrets": {**had, **each}}


def read() -> dict[str, Any]:
    """All secrets in clear, for clients of the lab such as its tests."""
    if not _FILE.exists():
        return {}
    loaded = yaml.safe_load(_vault("view", str(_FILE)))
    return loaded if isinstance(loaded, dict) else {}


def named() -> dict[str, str]:
    """All secrets by name: a test that finds one says its name and does not show it."""
    return dict(_named(read()))


def _named(data: Mapping[str, Any], within: str = "") -> Iterator[tuple[str, str]]:
    for name, value in data.items():
        if isinstance(value, dict):
            yield from _named(value, f"{within}{name}.")
        elif isinstance(value, str) and len(value) >= 12:
            yield within + name, value


def _write(wanted: dict[str, Any]) -> None:
    clear = "---\n" + yaml.safe_dump(wanted, sort_keys=True)
    paths.write_private(_FILE, _vault("encrypt", "--output", "-", "-", stdin=clear))


def _vault(*arguments: str, stdin: str = "") -> str:
    command = [str(paths.VENV / "bin" / "ansible-vault"), arguments[0]]
    command += ["--vault-password-file", str(paths.VAULT_PASSWORD), *arguments[1:]]
    return subprocess.run(command, input=stdin, capture_output=True, text=True, check=True).stdout
