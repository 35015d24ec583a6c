"""Waits on a host for one exact moment, and leaves the module that works there frozen in it.

Sent to the host as text and run by its Python: nothing but the standard library. A module of Ansible runs by the
millisecond; between two of them everybody is asked whether the moment has come: the engine, etcd, Sentinel, systemd,
files. They go on meanwhile, so what a module waits for comes to pass all the same.
"""

# Long because it is one text: a host has nothing to import its parts from.
from __future__ import annotations

import base64
import glob
import http.client
import json
import os
import re
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

PROVEN = "/var/lib/erpops/proven"
KEEPER = "/etc/erpops/leases/keeper.json"
# There once the run has ended: nothing is left to wait for.
OVER = "/run/erpops-watcher.over"
PATIENCE = 3.0
# A module gets at least so much of the time in which it is watched, and between two looks never less than a slice: a
# fine one for a moment that lasts milliseconds. Where no module is watched nothing is held up, and there is time.
SHARE, SLICE, COARSE, IDLE = 0.1, 0.001, 0.02, 0.1
SHOWN = 60

# Whether it is so, and what was seen.
Answer = tuple[bool, str]
Container = Mapping[str, Any]


def container_is(found: Container | None, state: str, value: str = "") -> Answer:
    """Judge what the engine says of a container; ``value`` is an id."""
    if found is None:
        return state in ("gone", "unstarted"), "gone"
    now, identity = found["State"], str(found["Id"])
    runs = bool(now["Running"]) and not now["Paused"] and not now["Restarting"]
    word = "paused" if now["Paused"] else "running" if runs else str(now["Status"])
    judged = {
        "running": runs,
        "paused": bool(now["Paused"]),
        "stopped": now["Status"] in ("exited", "dead"),
        "created": now["Status"] == "created",
        "unstarted": now["Status"] == "created",
        "kept": identity == value,
        "replaced": identity != value,
    }
    return judged.get(state, False), f"{word}, {identity[:12]}"


def started_is(moment: str, runs: bool, state: str, value: str) -> Answer:
    """Judge when something was started: still since then, or anew."""
    judged = {"since": moment == value, "anew": runs and moment not in ("", value)}
    return judged.get(state, False), moment


def lease_is(record: str | None, state: str) -> Answer:
    """Judge the record of a lease: held, ending (somebody takes it back), or none."""
    if record is None:
        return state == "none", "none"
    data = json.loads(record)
    found = "ending" if data.get("ending_since") else "held"
    return state == found, f"{found} by {data['owner']}"


def text_is(text: str | None, state: str, value: str = "") -> Answer:
    """Judge a file, or the value of a key; what is not there holds nothing."""
    judged = {
        "there": text is not None,
        "absent": text is None,
        "is": text == value,
        "not": text is not None and text != value,
        "holds": text is not None and value in text,
        "lacks": text is None or value not in text,
    }
    lines = [line.strip() for line in (text or "").splitlines() if value and value in line] or [text or ""]
    return judged[state], "absent" if text is None else lines[0][:160]


def master_is(reply: str, own: str, state: str) -> Answer:
    """Judge Sentinel's word on where the master is, in the form in which Redis answers."""
    match = re.match(r"\*2\r\n\$\d+\r\n(?P<address>[^\r]+)\r\n", reply)
    found = match["address"] if match else ""
    return bool(found) and state == ("here" if found == own else "elsewhere"), found or reply.strip()[:160]


class Eyes:
    """Asks everybody on this host; connections are kept, since it asks a hundred times a second."""

    def __init__(self) -> None:
        self._etcd: dict[str, http.client.HTTPSConnection] = {}
        self._sentinel: ssl.SSLSocket | None = None

    def container(self, name: str) -> Container | None:
        """Return the engine's word on a container."""
        connection = http.client.HTTPConnection("engine", timeout=PATIENCE)
        connection.sock = socket.socket(socket.AF_UNIX)
        connection.sock.settimeout(PATIENCE)
        connection.sock.connect("/var/run/docker.sock")
        try:
            connection.request("GET", f"/containers/{name}/json")
            response = connection.getresponse()
            answer: Container = json.loads(response.read())
            return None if response.status == 404 else answer
        finally:
            connection.close()

    def file(self, path: str) -> str | None:
        """Return a file; of a directory that it is there."""
        try:
            with open(path, encoding="utf-8", errors="replace") as stream:
                return stream.read()
        except IsADirectoryError:
            return ""
        except (FileNotFoundError, NotADirectoryError):
            return None

    def said(self, *command: str) -> str | None:
        """Return what a program says, None where it fails."""
        done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
        return done.stdout.strip() if done.returncode == 0 else None

    def record(self, service: str) -> dict[str, Any]:
        """Return the record of a service."""
        found: dict[str, Any] = json.loads(self.file(f"{PROVEN}/{service}.json") or "{}")
        return found

    def records(self) -> list[str]:
        """Return the containers that this host has a record of; of a unit the name is recorded."""
        names = [name.removesuffix(".json") for name in os.listdir(PROVEN) if name.endswith(".json")]
        return [name for name in sorted(names) if self.record(name).get("container") != name]

    def keeper(self) -> dict[str, Any]:
        """Return how this host reaches the estate's etcd."""
        found: dict[str, Any] = json.loads(self.file(KEEPER) or "{}")
        return found

    def key(self, key: str) -> str | None:
        """Return the value of a key, by whichever member answers first; this host's own is asked first."""
        etcd = self.keeper()["etcd"]
        trouble = "no member"
        for name in sorted(etcd["members"], key=lambda name: bool(name != etcd.get("member"))):
            try:
                encoded = base64.b64encode(key.encode()).decode()
                found = self.etcd(name, "kv/range", {"key": encoded}).get("kvs", [])
            except (OSError, http.client.HTTPException) as error:
                trouble = f"{name}: {error}"
                continue
            return base64.b64decode(found[0].get("value", "")).decode() if found else None
        raise OSError(f"etcd: {trouble}")

    def etcd(self, name: str, path: str, data: Mapping[str, Any]) -> dict[str, Any]:
        """Put a question to one member of etcd."""
        etcd = self.keeper()["etcd"]
        if name not in self._etcd:
            context = ssl.create_default_context(cafile=etcd["ca_file"])
            context.load_cert_chain(etcd["cert_file"], etcd["key_file"])
            address, port = etcd["members"][name], int(etcd["port"])
            self._etcd[name] = http.client.HTTPSConnection(address, port, timeout=PATIENCE, context=context)
        try:
            self._etcd[name].request("POST", f"/v3/{path}", json.dumps(data))
            response = self._etcd[name].getresponse()
            body = response.read()
        except (OSError, http.client.HTTPException):
            self._etcd.pop(name).close()
            raise
        if response.status != 200:
            raise OSError(f"{name}: {body[:200]!r}")
        answer: dict[str, Any] = json.loads(body)
        return answer

    def sentinel(self) -> tuple[str, str]:
        """Return this host's address and its Sentinel's word on where the master is."""
        params = self.record("sentinel")["health"]["params"]
        try:
            if self._sentinel is None:
                context = ssl.create_default_context(cafile=params["ca_file"])
                raw = socket.create_connection((params["address"], int(params["sentinel_port"])), timeout=PATIENCE)
                self._sentinel = context.wrap_socket(raw, server_hostname=params["address"])
                password = (self.file(params["password_file"]) or "").strip()
                self._tell(self._sentinel, "AUTH", params["user"], password)
            return str(params["address"]), self._tell(
                self._sentinel, "SENTINEL", "GET-MASTER-ADDR-BY-NAME", params["master_name"]
            )
        except OSError:
            self._sentinel = None
            raise

    @staticmethod
    def _tell(connection: ssl.SSLSocket, *words: str) -> str:
        request = f"*{len(words)}\r\n" + "".join(f"${len(word.encode())}\r\n{word}\r\n" for word in words)
        connection.sendall(request.encode())
        return connection.recv(4096).decode()


def _container(eyes: Eyes, name: str, state: str, value: str = "") -> Answer:
    return container_is(eyes.container(name), state, value)


def _containers(eyes: Eyes, state: str) -> Answer:
    """All containers that have a record."""
    found = {name: container_is(eyes.container(name), state) for name in eyes.records()}
    others = [f"{name}: {seen}" for name, (so, seen) in found.items() if not so]
    return not others, "; ".join(others) or f"{len(found)} {state}"


def _lease(eyes: Eyes, kind: str, name: str, state: str) -> Answer:
    return lease_is(eyes.key(f"/erpops/{eyes.keeper()['estate']}/leases/{kind}/{name}"), state)


def _key(eyes: Eyes, key: str, state: str, value: str = "") -> Answer:
    return text_is(eyes.key(key), state, value)


def _file(eyes: Eyes, path: str, state: str, value: str = "") -> Answer:
    return text_is(eyes.file(path), state, value)


def _pending(eyes: Eyes, service: str, value: str) -> Answer:
    found = str(eyes.record(service).get("pending", ""))
    return found == value, found or "nothing pending"


def _unit(eyes: Eyes, name: str, state: str) -> Answer:
    found = eyes.said("systemctl", "is-active", name) == "active"
    return state == ("active" if found else "inactive"), "active" if found else "inactive"


def _started(eyes: Eyes, name: str, state: str, value: str = "") -> Answer:
    """Of a container the engine tells, of a unit systemd."""
    found = eyes.container(name)
    if found is not None:
        return started_is(str(found["State"]["StartedAt"]), container_is(found, "running")[0], state, value)
    moment = eyes.said("systemctl", "show", "--property=ActiveEnterTimestampMonotonic", "--value", name) or ""
    return started_is(moment, _unit(eyes, name, "active")[0], state, value)


def _table(eyes: Eyes, name: str, state: str) -> Answer:
    return text_is(eyes.said("nft", "list", "table", *name.split()), state)


def _address(eyes: Eyes, address: str, state: str) -> Answer:
    found = eyes.said("ip", "-oneline", "-4", "address", "show", "scope", "global", "to", f"{address}/32")
    return state == ("here" if found else "elsewhere"), found or "elsewhere"


def _etcd_leader(eyes: Eyes, state: str) -> Answer:
    own = str(eyes.keeper()["host"])
    said = eyes.etcd(own, "maintenance/status", {})
    leader, member = str(said.get("leader", "0")), str(said["header"]["member_id"])
    return leader != "0" and state == ("here" if leader == member else "elsewhere"), f"{leader}, itself {member}"


def _master(eyes: Eyes, state: str) -> Answer:
    own, reply = eyes.sentinel()
    return master_is(reply, own, state)


def _rows(eyes: Eyes, database: str, query: str, state: str) -> Answer:
    """Rows that a member of PostgreSQL on this host knows, be it a standby."""
    found = eyes.said("docker", "exec", "patroni", "psql", "-U", "postgres", "-d", database, "-XAtqc", query)
    return state == ("some" if found else "none"), found or "none"


CONDITIONS: Mapping[str, Callable[..., Answer]] = {
    "address": _address,
    "container": _container,
    "containers": _containers,
    "etcd_leader": _etcd_leader,
    "file": _file,
    "key": _key,
    "lease": _lease,
    "master": _master,
    "pending": _pending,
    "rows": _rows,
    "started": _started,
    "table": _table,
    "unit": _unit,
}


def ask(eyes: Eyes, conditions: Iterable[Sequence[str]]) -> list[Answer]:
    """Return the answer to each condition; who cannot be asked is a no that says why."""
    answers: list[Answer] = []
    for kind, *words in conditions:
        try:
            answers.append(CONDITIONS[kind](eyes, *words))
        except (OSError, http.client.HTTPException, subprocess.SubprocessError, LookupError, ValueError) as error:
            answers.append((False, f"{type(error).__name__}: {error}"[:200]))
    return answers


def command_line(pid: int) -> list[str]:
    """Return the words by which a process was started; none of one that is gone."""
    try:
        with open(f"/proc/{pid}/cmdline", "rb") as stream:
            return stream.read().rstrip(b"\0").decode(errors="replace").split("\0")
    except OSError:
        return []


def status(pid: int) -> tuple[str, int]:
    """Return the state of a process, as one letter, and its parent; of one that is gone neither."""
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as stream:
            letter, above_it = stream.read().rpartition(")")[2].split()[:2]
    except OSError:
        return "", 0
    return letter, int(above_it)


def parent(pid: int) -> int:
    """Return the parent of a process, 0 where there is none."""
    return status(pid)[1]


def ancestors(pid: int) -> list[int]:
    """Return the parent of a process, its parent, and so on."""
    found = []
    while (pid := parent(pid)) > 1:
        found.append(pid)
    return found


def descendants(pid: int) -> list[int]:
    """Return all that a process has started and that live, whatever their session."""
    children: dict[int, list[int]] = {}
    for each in map(int, filter(str.isdigit, os.listdir("/proc"))):
        children.setdefault(parent(each), []).append(each)
    found, waiting = list[int](), [pid]
    while waiting:
        born = children.get(waiting.pop(), [])
        found += born
        waiting += born
    return found


def payloads(module: str) -> list[str]:
    """Return where this module has been unpacked: as long as it runs there is such a directory."""
    return glob.glob(f"/tmp/ansible_{module}_payload_*")  # noqa: S108 - where Ansible's wrapper unpacks


def modules() -> list[int]:
    """Return the modules that run: one that is pipelined is an interpreter that reads its program from its input."""
    found = [(pid, command_line(pid)) for pid in map(int, filter(str.isdigit, os.listdir("/proc")))]
    return [pid for pid, words in found if len(words) == 1 and words[0].endswith("python3")]


def tell(pids: Iterable[int], what: signal.Signals) -> None:
    """Send a signal to those that still are."""
    for pid in pids:
        try:
            os.kill(pid, what)
        except ProcessLookupError:
            continue


def freeze(pids: Sequence[int]) -> None:
    """Stop them, and wait until they have: one that runs on another processor has a moment left."""
    tell(pids, signal.SIGSTOP)
    until = time.monotonic() + 1
    while any(status(pid)[0] in ("R", "S", "D") for pid in pids) and time.monotonic() < until:
        time.sleep(SLICE / 10)


def above(pids: Iterable[int]) -> list[int]:
    """Return all ancestors of these processes."""
    return sorted({each for pid in pids for each in ancestors(pid)})


def watch(
    moment: Sequence[Sequence[str]],
    module: str,
    seconds: float,
    eyes: Eyes,
    near: Sequence[Sequence[str]] = (),
    *,
    fine: bool = False,
) -> dict[str, Any]:
    """Wait for the moment; its module stays frozen. Without a module only the conditions are waited for.

    Until it is ``near`` nobody is frozen.
    """
    began, reached, looks, close = time.monotonic(), False, 0, not near
    gap = IDLE if not module else SLICE if fine else COARSE
    pids, parents, seen, trace = list[int](), set[int](), list[str](), list[tuple[float, list[str]]]()
    try:
        while not reached and time.monotonic() - began < seconds and not os.path.exists(OVER):
            pids = modules() if module and payloads(module) else []
            if module and not pids:
                # sudo stops itself where its command was stopped; it may have done so after everything else.
                tell(parents, signal.SIGCONT)
                time.sleep(2 * SLICE)
                continue
            close = close or all(so for so, _seen in ask(eyes, near))
            if not close:
                time.sleep(2 * SLICE)
                continue
            freeze(pids)
            parents.update(above(pids))
            asked, looks = time.monotonic(), looks + 1
            answers = ask(eyes, moment)
            reached = all(so for so, _seen in answers)
            if seen != [said for _so, said in answers]:
                seen = [said for _so, said in answers]
                trace = [*trace[1 - SHOWN :], (round(asked - began, 3), seen)]
            if not reached:
                tell([*pids, *parents], signal.SIGCONT)
                time.sleep(max(gap, (time.monotonic() - asked) * SHARE))
    finally:
        if not reached:
            tell([*pids, *parents], signal.SIGCONT)
    after = round(time.monotonic() - began, 2)
    found = {"reached": reached, "pids": pids, "seen": seen, "after": after, "looks": looks, "trace": trace}
    return {**found, "near": close}


def let_go(pids: Sequence[int], seconds: float) -> dict[str, Any]:
    """Let a frozen module go on to its end, and wait for that."""
    began, parents = time.monotonic(), above(pids)
    while True:
        tell([*pids, *parents], signal.SIGCONT)
        left = [pid for pid in pids if pid in modules()]
        if not left or time.monotonic() - began > seconds:
            return {"left": left, "seconds": round(time.monotonic() - began, 1)}
        time.sleep(0.1)


def kill(pids: Sequence[int], module: str) -> dict[str, Any]:
    """Kill a frozen module; what it was unpacked to it cannot remove any more."""
    parents = above(pids)
    tell(pids, signal.SIGKILL)
    for _time in range(3):
        tell(parents, signal.SIGCONT)
        time.sleep(0.1)
    for directory in payloads(module):
        shutil.rmtree(directory, ignore_errors=True)
    return {"killed": list(pids)}


def session_of(lines: Mapping[int, Sequence[str]]) -> list[int]:
    """Return of a process' ancestors those that are its connection by SSH, and not the daemon that listens."""
    return [
        pid
        for pid, words in lines.items()
        if words and re.match(r"sshd(-session)?: ", words[0]) and "[listener]" not in words[0]
    ]


def cut(pids: Sequence[int]) -> dict[str, Any]:
    """Cut the connection by which a module was started; the module stays frozen."""
    found = sorted({each for pid in pids for each in session_of({up: command_line(up) for up in ancestors(pid)})})
    tell(found, signal.SIGKILL)
    return {"cut": found}


def main(act: str, given: str) -> int:
    """Do one act on this host and print what came of it as JSON."""
    said, eyes = json.loads(given), Eyes()
    if act == "watch":
        os.setpriority(os.PRIO_PROCESS, 0, -20)
        answer: Any = watch(said["moment"], said["module"], said["seconds"], eyes, said["near"], fine=said["fine"])
    elif act == "ask":
        answer = ask(eyes, said["conditions"])
    elif act == "kill":
        answer = kill(said["pids"], said["module"])
    elif act == "cut":
        answer = cut(said["pids"])
    else:
        answer = let_go(said["pids"], said["seconds"])
    sys.stdout.write(json.dumps(answer) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:3]))
