"""Where the lab keeps its things. Everything it writes lies under ``.lab`` of the working tree."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
LAB = ROOT / ".lab"

VENV = LAB / "venv"
VENV_SECONDS = LAB / "venv.seconds"
LOGS = LAB / "log"
STAMPS = LAB / "stamps"
SECRETS = LAB / "secrets"

INVENTORY = ROOT / "inventories" / "lab"
GENERATED_INVENTORY = LAB / "inventory"
GENERATED_VARS = GENERATED_INVENTORY / "group_vars" / "all"
VAULT_PASSWORD = LAB / "vault-password"
AUTHORITY = LAB / "authority"
CA_FILE = AUTHORITY / "ca.crt"

LEDGER = LAB / "ledger"

ANSIBLE_HOME = LAB / "ansible"
HOME = LAB / "home"

SSH = LAB / "ssh"
SSH_KEY = SSH / "id_ed25519"

ENGINE = LAB / "engine"
SOURCE_TREE = LAB / "src"
INSTALLED_TREE = LAB / "collections"
RUN_PLAYBOOK = LAB / "run-playbook"
RUN_ADHOC = LAB / "run-adhoc"
ARTEFACTS = LAB / "artefact"

READY = LAB / "ready"
ESTATE_JSON = LAB / "estate.json"
TIMINGS = LAB / "timings.json"


def link_source() -> None:
    """Link the checkout to where the collection's full name leads, for Python, mypy and Ansible alike."""
    link = SOURCE_TREE / "ansible_collections" / "erpops" / "estate"
    link.parent.mkdir(parents=True, exist_ok=True)
    if not link.exists():
        link.symlink_to(ROOT, target_is_directory=True)


def private_directory(path: Path) -> Path:
    """Create a directory nobody else may read, whatever the umask says."""
    path.mkdir(parents=True, exist_ok=True)
    path.chmod(0o700)
    return path


def write_private(path: Path, content: str) -> None:
    """Write a file that is 0600 from its first byte on, and never half written."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.new")
    draft.unlink(missing_ok=True)
    draft.touch(mode=0o600)
    draft.write_text(content, encoding="utf-8")
    draft.replace(path)


def write(path: Path, content: str, mode: int = 0o644) -> None:
    """Replace a file in one step, so that nobody reads half of it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.new")
    draft.write_text(content, encoding="utf-8")
    draft.chmod(mode)
    draft.replace(path)
