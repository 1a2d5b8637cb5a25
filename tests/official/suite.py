"""The official conformance suite: installed, run against an address, and its verdicts read."""

import json
import platform
import re
import shutil
import subprocess
import sys
import tempfile
import textwrap
from contextlib import suppress
from dataclasses import dataclass, field
from fnmatch import fnmatch
from functools import cache
from pathlib import Path

from install import HOME, npm

HERE = Path(__file__).resolve().parent
NPM = HOME / "official-npm"
SUITE = NPM / "node_modules/@modelcontextprotocol/conformance/dist/index.js"
SECONDS = 300  # a run of all scenarios
NODE_MAJOR = 22


@dataclass
class Verdict:
    """What the suite says of one server, by the names of the scenarios."""

    scored: dict[str, str | None] = field(default_factory=dict)
    not_scored: dict[str, str | None] = field(default_factory=dict)
    # What does not count: a warning, or a failure that has a reason.
    remarks: list[str] = field(default_factory=list)
    excused: set[str] = field(default_factory=set)

    @property
    def failures(self) -> list[str]:
        both = self.scored | self.not_scored
        return [f"{name}: {why}" for name, why in both.items() if why and name not in self.excused]

    def excuse(self, pattern: str, reason: str) -> None:
        """Lets failures of these scenarios pass, of those that are not scored."""
        failed = [name for name, why in self.not_scored.items() if why and fnmatch(name, pattern)]
        self.excused.update(failed)
        if failed:
            self.remarks.append(f"not passed: {', '.join(failed)}: {reason}")

    def __str__(self) -> str:
        return " + ".join(f"{passed(part)}/{len(part)}" for part in (self.scored, self.not_scored))


def passed(part: dict[str, str | None]) -> int:
    return sum(why is None for why in part.values())


def install() -> None:
    npm(NPM, HERE / "npm", lambda: find_node() is not None)
    node()


def find_node() -> str | None:
    """A node that is new enough: the one that came with the suite, or else this machine's."""
    machine = {"aarch64": "arm64", "x86_64": "x64"}.get(platform.machine(), platform.machine())
    if (ours := NPM / f"node_modules/node-linux-{machine}/bin/node").exists():
        return str(ours)
    found = shutil.which("node")
    version = ask([found, "--version"]).strip() if found else "v0"
    return found if int(version.lstrip("v").partition(".")[0]) >= NODE_MAJOR else None


@cache
def node() -> str:
    """The node that runs the suite."""
    return find_node() or sys.exit(f"node {NODE_MAJOR} or newer is needed")


def ask(command: list) -> str:
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


@cache
def scenarios(revision: str) -> tuple[list[str], list[str]]:
    """The scenarios for servers a revision has: those that are scored, and the others."""
    if revision == "all":
        return re.findall(r"^  - (\S+) \[", ask([node(), SUITE, "list", "--server"]), re.M), []
    listed = ask([node(), SUITE, "list", "--server", "--requirements", revision])
    required, _, other = listed.partition("never scored")
    servers = required.partition("Server scenarios")[2].partition("\n\n")[0]
    return re.findall(r"^  - (\S+)$", servers, re.M), re.findall(r"- (\S+) \[server\]", other)


def run(url: str, revision: str) -> Verdict:
    """Runs what a revision requires of servers, scored or not, against the server at `url`."""
    with tempfile.TemporaryDirectory() as directory:
        which = ["--suite", "all"] if revision == "all" else ["--requirements", revision]
        command = [node(), SUITE, "server", "--url", url, *which]
        # Its exit status says less than its checks do; what it had no time for counts as not run.
        with suppress(subprocess.TimeoutExpired):
            subprocess.run(
                [*command, "--output-dir", directory],
                check=False,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                timeout=SECONDS,
            )
        checks = {name: read(Path(directory), name) for part in scenarios(revision) for name in part}
    scored, not_scored = ({name: why(checks[name]) for name in part} for part in scenarios(revision))
    warnings = [
        f"warning: {name}/{check['id']}: {reason(check)}"
        for name, found in checks.items()
        for check in found
        if check["status"] == "WARNING"
    ]
    return Verdict(scored, not_scored, warnings)


def read(directory: Path, scenario: str) -> list[dict]:
    """The checks of a scenario; none if it was not run."""
    for path in directory.glob(f"server-{scenario}-20*/checks.json"):
        return json.loads(path.read_text())
    return []


def why(checks: list[dict]) -> str | None:
    """What a scenario failed by."""
    if not checks:
        return "not run"
    failed = [f"{check['id']} ({reason(check)})" for check in checks if check["status"] == "FAILURE"]
    return "; ".join(failed) or None


def reason(check: dict) -> str:
    text = check.get("errorMessage") or check.get("description", "no reason given")
    return textwrap.shorten(text, 300)
