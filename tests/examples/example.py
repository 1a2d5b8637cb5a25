"""What an example is: a server of its own, the document's commands, and what has to come of them."""

import base64
import json
import os
import re
import subprocess
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Callable
from urllib.parse import urlsplit

from bridge import Pontoon, binary
from install import HOME

HERE = Path(__file__).resolve().parent
SAMPLES = HERE / "samples"
PYTHON = HOME / "examples" / "bin" / "python"
NODE = HOME / "examples-npm"
SECONDS = 60  # a command of an example may take

# Variables of whoever runs this would be settings of the servers.
for name in list(os.environ):
    if name.startswith(("MCP_", "ECHO_")) or name in ("PORT", "LOG_FILE", "LOG_LEVEL"):
        del os.environ[name]
os.environ["PONTOON"] = str(binary())


@dataclass
class Example:
    group: str
    # None: it starts what it needs.
    arguments: list[str] | None
    env: dict[str, str]
    function: Callable

    @property
    def name(self) -> str:
        return f"{self.group}/{self.function.__name__.replace('_', '-')}"

    def run(self) -> str | None:
        """What is wrong, if anything."""
        log: list[str] = []
        try:
            if self.arguments is None:
                self.function()
            else:
                with Server(self.arguments, self.env) as server:
                    log = server.log
                    self.function(server)
        except Exception as error:
            return "\n   ".join([str(error) or repr(error), *map(str.rstrip, log[-5:])])
        return None


EXAMPLES: list[Example] = []


def example(*arguments: str, **env: str):
    """Adds a function to the examples of its module: it gets a server started so."""

    def register(function):
        group = function.__module__
        EXAMPLES.append(Example(group, list(arguments), env, function))
        return function

    return register


def check(function):
    """Adds a function to the examples of its module that starts what it needs."""
    EXAMPLES.append(Example(function.__module__, None, {}, function))
    return function


def groups_of(names: list[str]) -> list[Example]:
    return [example for name in names for example in EXAMPLES if example.group == name]


class Server(Pontoon):
    """A running server, in a working directory of its own."""

    def __init__(self, arguments: list[str], env: dict[str, str] | None = None):
        self.directory = tempfile.TemporaryDirectory(prefix="pontoon-example-")
        self.folder = Path(self.directory.name)
        env = {name: value.replace("$PWD", str(self.folder)) for name, value in (env or {}).items()}
        super().__init__(arguments, env, self.folder)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        try:
            self.stop()
        finally:
            self.directory.cleanup()

    @property
    def base(self) -> str:
        """`localhost` as in the documents, so that a name has to be allowed, too."""
        return f"localhost:{urlsplit(self.url).port}"

    def here(self, text: str) -> str:
        """The text of an example, with the address of this server."""
        return re.sub(r"localhost:(3000|1071)", self.base, text)

    def bash(self, script: str) -> str:
        """What a shell prints that runs these commands, each of which has to succeed."""
        return self._output(["bash", "-euo", "pipefail", "-c", self.here(script)])

    def python(self, sample: str) -> str:
        """What a Python sample prints."""
        path = self.folder / sample
        path.write_text(self.here((SAMPLES / sample).read_text()))
        return self._output([PYTHON, path])

    def node(self, sample: str, *arguments: str) -> str:
        """What a JavaScript sample prints."""
        # Imports are looked up beside the importing file.
        path = NODE / f"{urlsplit(self.url).port}-{sample}"
        path.write_text(self.here((SAMPLES / sample).read_text()))
        try:
            return self._output(["node", path, *arguments])
        finally:
            path.unlink()

    def post(self, message, *headers: str, session: str | None = None):
        """Posts a message as the shortest documented curl line does; returns what comes back."""
        if session:
            headers = (*headers, f"Mcp-Session-Id: {session}")
        extra = [word for header in headers for word in ("-H", header)]
        with tempfile.NamedTemporaryFile("r", encoding="utf-8") as head:
            body = self._output(
                ["curl", "-sS", "-D", head.name, "-X", "POST", f"http://{self.base}/mcp"]
                + ["-H", "Content-Type: application/json", *extra, "-d", json.dumps(message)]
            )
            return Answer(head.read(), body)

    def request(self, method: str, params: dict, *headers: str, session: str | None = None):
        message = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
        return self.post(message, *headers, session=session)

    def call(self, tool: str, arguments: dict | None = None, *headers: str, session=None) -> str:
        """The text a tool answers."""
        params = {"name": tool, "arguments": arguments or {}}
        return self.request("tools/call", params, *headers, session=session).text

    def session(self) -> str:
        """Opens a session."""
        params = {
            "protocolVersion": "2025-06-18",
            "capabilities": {},
            "clientInfo": {"name": "test", "version": "1.0"},
        }
        answer = self.request("initialize", params)
        return answer.headers["mcp-session-id"]

    def get(self, path: str) -> str:
        return self._output(["curl", "-sS", "-f", f"http://{self.base}{path}"])

    def logged(self, text: str) -> str:
        """The log so far, which is written in the background, once it has this text."""
        deadline = time.monotonic() + 5
        while text not in (log := "".join(self.log)):
            expect(time.monotonic() < deadline, f"no {text!r} in the log: {log}")
            time.sleep(0.02)
        return log

    def health(self) -> dict:
        return json.loads(self.get("/health"))

    def _output(self, command: list) -> str:
        try:
            done = subprocess.run(
                command, capture_output=True, text=True, timeout=SECONDS, cwd=self.folder
            )
        except FileNotFoundError:
            raise AssertionError(f"{command[0]} is needed and cannot be had") from None
        expect(
            done.returncode == 0,
            f"exit status {done.returncode}: {done.stdout[-500:]}{done.stderr[-1500:]}",
        )
        return done.stdout


class Answer:
    def __init__(self, head: str, body: str):
        # A `100 Continue` has a head of its own.
        lines = head.strip().split("\r\n\r\n")[-1].splitlines() or [""]
        self.status = int(lines[0].split()[1])
        fields = (line.split(":", 1) for line in lines[1:])
        self.headers = {name.lower(): value.strip() for name, value in fields}
        self.body = body

    @property
    def message(self) -> dict:
        return messages(self.body)[-1]

    @property
    def text(self) -> str:
        return text_of(self.message)


def messages(body: str) -> list[dict]:
    """The messages of an answer: JSON, one or a list of them, or events."""
    if body.lstrip().startswith(("{", "[")):
        found = json.loads(body)
        return found if isinstance(found, list) else [found]
    data = re.findall(r"^data: ?(\{.*)$", body, re.MULTILINE)
    expect(data, f"no message in {body!r}")
    return [json.loads(line) for line in data]


def text_of(message: dict) -> str:
    expect("result" in message, f"no result in {json.dumps(message)[:500]}")
    expect(not message["result"].get("isError"), f"the tool failed: {message}")
    return message["result"]["content"][0]["text"]


def expect(condition, why: str) -> None:
    if not condition:
        raise AssertionError(why)


def expect_equal(seen, expected, what: str) -> None:
    expect(seen == expected, f"{what}: expected {expected!r}, saw {seen!r}")


def expect_in_order(text: str, *parts: str) -> None:
    """Every part is in the text, each behind the one before."""
    at = 0
    for part in parts:
        found = text.find(part, at)
        expect(found >= 0, f"no {part!r} (in its place) in:\n{text}")
        at = found + len(part)


def unsigned(header: dict, payload: dict) -> str:
    """A token that says so; nobody has signed it."""

    def part(value: dict) -> str:
        return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")

    return f"{part(header)}.{part(payload)}.c2lnbmF0dXJl"
