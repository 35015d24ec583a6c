# Copyright (c) erpops.estate contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the ledger of an estate is: one small file on every machine that changes the estate."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from ansible_collections.erpops.estate.plugins.module_utils.clients.errors import MissingFile, Refused
from ansible_collections.erpops.estate.plugins.module_utils.clients.etcd import EtcdCluster
from ansible_collections.erpops.estate.plugins.module_utils.clients.https import Tls
from ansible_collections.erpops.estate.plugins.module_utils.clients.key_file import KeyFile
from ansible_collections.erpops.estate.plugins.module_utils.clients.ledger_bucket import LedgerBucket
from ansible_collections.erpops.estate.plugins.module_utils.clients.ledger_file import LedgerDirectory, LedgerFile
from ansible_collections.erpops.estate.plugins.module_utils.clients.s3 import S3Client
from ansible_collections.erpops.estate.plugins.module_utils.clients.ssh_signature import sign
from ansible_collections.erpops.estate.plugins.module_utils.evidence.checkpoint import NAMESPACE
from ansible_collections.erpops.estate.plugins.module_utils.ledger.fetch import fetch
from ansible_collections.erpops.estate.plugins.module_utils.ledger.head import EtcdHead
from ansible_collections.erpops.estate.plugins.module_utils.ledger.keepers import Copy, EntryFiles, Files, Keeper
from ansible_collections.erpops.estate.plugins.module_utils.ledger.runs import Chain
from ansible_collections.erpops.estate.plugins.module_utils.ledger.spool import SPOOL, SpooledLedger
from ansible_collections.erpops.estate.plugins.module_utils.ledger.stored import LEDGER
from ansible_collections.erpops.estate.plugins.module_utils.ledger.writer import Ledger, local

DEFAULT = "/etc/erpops/ledger.json"
KEYS = "keys.json"

KNOWN = {
    "": {"estate", "directory", "etcd", "bucket", "key_file", "allowed_signers", "revoked"},
    "etcd": {"members", "member", "port", "ca_file", "cert_file", "key_file"},
    "bucket": {"endpoint", "name", "prefix", "ca_file", "access_key", "secret_key_file"},
}
NEEDED = {
    "": {"estate", "directory"},
    "etcd": {"members", "ca_file", "cert_file", "key_file"},
    "bucket": {"endpoint", "name", "ca_file", "access_key", "secret_key_file"},
}


@dataclass(frozen=True)
class Settings:
    """What the file says. Without ``etcd`` the ledger is that of this machine alone."""

    estate: str
    directory: str
    etcd: Mapping[str, Any] = field(default_factory=dict)
    bucket: Mapping[str, Any] = field(default_factory=dict)
    key_file: str = ""
    allowed_signers: str = ""
    revoked: str = ""

    def place(self) -> LedgerDirectory:
        """Return the directory on this machine."""
        return LedgerDirectory(self.directory)

    def cluster(self) -> EtcdCluster | None:
        """Return the estate's etcd, None where the ledger is that of this machine alone."""
        if not self.etcd:
            return None
        tls = Tls(*(str(self.etcd[name]) for name in ("ca_file", "cert_file", "key_file")))
        port, first = int(self.etcd.get("port", 2379)), self.etcd.get("member")
        return EtcdCluster(self.etcd["members"], tls=tls, port=port, first=first)

    def head(self) -> EtcdHead | None:
        """Return the head of the shared chain, None where there is none."""
        cluster = self.cluster()
        return EtcdHead(cluster, self.estate) if cluster else None

    def keys(self) -> EtcdCluster | KeyFile:
        """Return where the change lock is: beside the head of the chain, for whoever writes that."""
        return self.cluster() or KeyFile(os.path.join(self.directory, KEYS))

    def waiting(self) -> KeyFile:
        """Return where on this machine waits what belongs into etcd: beside the entries that do."""
        return KeyFile(os.path.join(self.directory, SPOOL, KEYS))

    def objects(self) -> LedgerBucket | None:
        """Return the bucket, None where there is none."""
        if not self.bucket:
            return None
        client = S3Client(
            str(self.bucket["endpoint"]),
            ca_file=str(self.bucket["ca_file"]),
            access_key=str(self.bucket["access_key"]),
            secret_key=_secret(str(self.bucket["secret_key_file"])),
        )
        return LedgerBucket(client, str(self.bucket["name"]), str(self.bucket.get("prefix", "")))

    def file(self) -> LedgerFile:
        """Return the file of entries on this machine."""
        return LedgerFile(os.path.join(self.directory, LEDGER))

    def fetch(self) -> bytes:
        """Bring the file and what belongs to it up to what others have written; return the last line, of all."""
        head = self.head()
        line = head.read().line if head else b""
        if head:
            fetch(line, self.file(), self.place(), self.objects())
        return line

    def ledger(self) -> Chain:
        """Return the ledger to write to."""
        directory = self.place()
        signing = partial(_signed, key_file=self.key_file) if self.key_file else None
        head = self.head()
        if head is None:
            return local(directory, self.estate, sign=signing)
        bucket = self.objects()
        copy = Copy(self.file(), bucket)
        keepers: list[Keeper] = [EntryFiles(bucket), copy] if bucket else [copy]
        files: list[Files] = [bucket, directory] if bucket else [directory]
        return SpooledLedger(Ledger(self.estate, head, keepers=keepers, files=files, sign=signing), directory)


def load(path: str) -> Settings:
    """Return what the file says; raise for what it should say."""
    try:
        with open(path, encoding="utf-8") as stream:
            data = json.load(stream)
    except FileNotFoundError as error:
        raise MissingFile(
            "where the ledger is", expected=path, found=str(error), remedy="docs/ledger.md says what stands in it"
        ) from error
    except ValueError as error:
        raise Refused(path, expected="JSON", found=str(error)) from error
    return settings(data, path)


def fetched(known: Settings, *, wanted: bool) -> str:
    """Return the directory of the ledger, where that is wanted with what others have written."""
    if wanted:
        known.fetch()
    return known.directory


def settings(data: Any, path: str) -> Settings:
    """Return what these data say; ``path`` is where they are from."""
    for section in ("", *(name for name in ("etcd", "bucket") if isinstance(data, dict) and data.get(name))):
        found = data[section] if section else data
        where = f"{path}, {section}" if section else path
        if not isinstance(found, dict):
            raise Refused(where, expected="names and values", found=type(found).__name__)
        wrong = sorted(set(found) - KNOWN[section])
        if wrong:
            expected = ", ".join(sorted(KNOWN[section]))
            raise Refused(where, expected=f"only {expected}", found=", ".join(wrong))
        missing = sorted(name for name in NEEDED[section] if not found.get(name))
        if missing:
            raise Refused(where, expected=", ".join(missing), found="nothing")
    if data.get("bucket") and not data.get("etcd"):
        raise Refused(path, expected="etcd beside a bucket: one chain needs one head", found="a bucket alone")
    return Settings(**data)


def _signed(statement: bytes, key_file: str) -> bytes:
    return sign("a checkpoint", statement, key_file, NAMESPACE)


def _secret(path: str) -> str:
    try:
        with open(path, encoding="utf-8") as stream:
            return stream.read().strip()
    except OSError as error:
        raise MissingFile("secret key of the bucket", expected=path, found=str(error)) from error
