"""Pontoon as a process: started, found listening, watched for children, stopped."""

import ctypes
import json
import os
import queue
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import urlopen

ROOT = Path(__file__).resolve().parent.parent.parent
START_SECONDS = 10
STOP_SECONDS = 20


def binary() -> Path:
    """The program under test: the one PONTOON names, or else the newest build."""
    if named := os.environ.get("PONTOON"):
        return Path(named).resolve()
    for profile in ("release", "debug"):
        path = ROOT / "target" / profile / "pontoon"
        if path.exists():
            return path
    sys.exit("no pontoon: build it (cargo build --release), or name it in PONTOON")


def runtimes() -> list[str]:
    """Those that are built in, by `pontoon --version`: `pontoon 0.1.0 (runtimes: tokio, smol)`."""
    said = subprocess.run([binary(), "--version"], capture_output=True, text=True, check=True)
    return said.stdout.partition("(runtimes: ")[2].partition(")")[0].split(", ")


def fixture() -> Path:
    """The server on the seat of pontoon's core; it is built into the same directory."""
    path = binary().with_name("fixture")
    if not path.exists():
        sys.exit(f"no {path}: build it (cargo build --release --package fixture)")
    return path


class Pontoon:
    """A server of pontoon's, on a port of its own, which the system chooses if it is 0."""

    def __init__(
        self,
        arguments: list,
        env: dict[str, str] | None = None,
        cwd: Path | None = None,
        port: int = 0,
    ):
        command = [binary(), *map(str, arguments), "--port", str(port), "--log-format", "json"]
        if "--" in command:
            # What follows is the wrapped command's.
            at = command.index("--")
            command[at:] = command[-4:] + command[at:-4]
        self.log: list[str] = []
        self._lines: queue.Queue[str | None] = queue.Queue()
        self.process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            env=os.environ | (env or {}),
            cwd=cwd,
        )
        threading.Thread(target=self._read_log, daemon=True).start()
        self.url = self._wait_for_url()

    def _read_log(self) -> None:
        for line in self.process.stderr:
            self.log.append(line)
            self._lines.put(line)
        self._lines.put(None)

    def _wait_for_url(self) -> str:
        deadline = time.monotonic() + START_SECONDS
        while (left := deadline - time.monotonic()) > 0:
            try:
                line = self._lines.get(timeout=left)
            except queue.Empty:
                break
            if line is None:
                break
            event = json.loads(line) if line.startswith("{") else {}
            if event.get("event") == "listening":
                return event["url"]
        self.process.kill()
        raise RuntimeError("pontoon does not listen; its log: " + "".join(self.log)[-2000:])

    def at(self, path: str) -> str:
        """The address of another path of the same server."""
        return urlsplit(self.url)._replace(path=path).geturl()

    def gauge(self, name: str) -> float:
        """The value of a metric without labels."""
        with urlopen(self.at("/metrics"), timeout=10) as answer:
            for line in answer.read().decode().splitlines():
                if line.startswith(name + " "):
                    return float(line.split()[1])
        raise RuntimeError(f"no metric {name}")

    def children(self) -> set[int]:
        """Every process below pontoon that is alive."""
        return descendants(self.process.pid)

    def stop(self) -> int:
        """Asks pontoon to stop, as a supervisor does; returns its exit status."""
        self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise RuntimeError(f"pontoon had not stopped {STOP_SECONDS} s after SIGTERM") from None


class Bridge(Pontoon):
    """`pontoon proxy` in front of a command."""

    def __init__(self, command: list, *options: str, port: int = 0):
        super().__init__(["proxy", *options, "--", *command], port=port)


def adopt_orphans() -> None:
    """Makes this process the parent of what pontoon leaves behind, so that it can be found.

    prctl(2), PR_SET_CHILD_SUBREAPER.
    """
    if ctypes.CDLL(None, use_errno=True).prctl(36, 1, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl")


def descendants(ancestor: int) -> set[int]:
    """Every living process below one, found through /proc."""
    found: set[int] = set()
    parents = living()
    level = {ancestor}
    while level:
        level = {pid for pid, parent in parents.items() if parent in level} - found
        found |= level
    return found


def living() -> dict[int, int]:
    """The parent of every process that is no zombie."""
    parents = {}
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            # The name in parentheses may itself hold anything, so the fields start after the last.
            state, parent = (entry / "stat").read_text().rpartition(")")[2].split()[:2]
        except OSError:
            continue
        if state not in "ZX":
            parents[int(entry.name)] = int(parent)
    return parents


def command_of(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode().strip()
    except OSError:
        return "?"
