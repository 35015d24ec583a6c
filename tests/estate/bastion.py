"""A machine that changes of the lab are made from, in a directory: set up to record them in the shared ledger."""

from __future__ import annotations

import json
import os
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

import yaml
from ansible_collections.erpops.estate.plugins.module_utils.evidence.entry import Entry, parse

from tests.estate import site
from tests.lab import paths

RUN = [
    {
        "name": "Change something",
        "hosts": "localhost",
        "connection": "local",
        "gather_facts": False,
        "tasks": [{"erpops.estate.evidence": {"kind": "after", "data": {"odoo": "19.0"}}}],
    }
]


@dataclass
class Bastion:
    """A machine that changes are made from, in a directory."""

    path: Path
    others: list[str] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)

    def set_up(self, *arguments: str) -> site.Run:
        said = {
            "ledger_configuration": str(self.path / "ledger.json"),
            "ledger_directory": str(self.path / "copy"),
            "ledger_key_directory": str(self.path / "keys"),
            "ledger_signer": f"ledger@{self.path.name}",
            "ledger_more_signers": self.others,
            "ledger_revoked_keys": self.lost,
        }
        return site.run("-e", json.dumps(said), *arguments, playbook="erpops.estate.ledger_setup")

    def signer(self) -> str:
        return (self.path / "keys" / "allowed_signers").read_text().splitlines()[0]

    def start(self, name: str) -> subprocess.Popen[str]:
        """Start a run that is recorded under this name."""
        playbook = self.path / f"{name}.yml"
        playbook.write_text(yaml.safe_dump(RUN, sort_keys=False))
        recorded = {
            "ANSIBLE_CALLBACKS_ENABLED": "erpops.estate.ledger",
            "ERPOPS_LEDGER": str(self.path / "ledger.json"),
        }
        line = [str(paths.RUN_PLAYBOOK), str(playbook)]
        env = {**os.environ, **recorded}
        return subprocess.Popen(line, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)

    def run(self, name: str) -> str:
        running = self.start(name)
        output: str = running.communicate(timeout=120)[0]
        assert running.returncode == 0, output
        return output

    def entries(self) -> list[Entry]:
        path = self.path / "copy" / "ledger.jsonl"
        return [parse(line) for line in path.read_bytes().splitlines(keepends=True)] if path.exists() else []

    def verify(self, *arguments: str) -> site.Run:
        where = {"ledger_configuration": str(self.path / "ledger.json"), "ledger_records": True}
        return site.run("-e", json.dumps(where), *arguments, playbook="erpops.estate.ledger_verify", check=False)
