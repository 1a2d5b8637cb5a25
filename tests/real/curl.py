"""Drives an endpoint with curl, with the command lines a reader of the README would type."""

import json
import re
import subprocess
import tempfile
import time
from dataclasses import dataclass, field
from typing import Callable

from bridge import Bridge

JSON = ["-H", "Content-Type: application/json"]
BOTH = ["-H", "Accept: application/json, text/event-stream"]
PROTOCOL = "2025-11-25"
INITIALIZE = {
    "protocolVersion": PROTOCOL,
    "capabilities": {},
    "clientInfo": {"name": "curl", "version": "1"},
}

CHECKS: dict[str, list[tuple[str, Callable[["User"], None]]]] = {}


def check(*targets: str):
    """Adds a function to the checks of some targets, under its own name."""

    def register(function):
        for target in targets:
            CHECKS.setdefault(target, []).append((function.__name__.replace("_", "-"), function))
        return function

    return register


@dataclass
class Answer:
    status: int
    headers: dict[str, str]
    body: str

    def message(self) -> dict:
        """The last JSON-RPC message of the body, from either form of it."""
        if self.headers.get("content-type", "").startswith("text/event-stream"):
            data = re.findall(r"^data: ?(\{.*)$", self.body, re.MULTILINE)
            expect(data, f"a stream without a message: {self.body!r}")
            return json.loads(data[-1])
        expect(self.body, f"status {self.status} without a body")
        return json.loads(self.body)

    def result(self, request_id) -> dict:
        expect_equal(self.status, 200, "status")
        message = self.message()
        expect_equal(message.get("id"), request_id, "id")
        expect("result" in message, f"no result: {self.body[:300]}")
        return message["result"]

    def refusal(self, status: int, code: int | None = None) -> None:
        expect_equal(self.status, status, "status")
        error = self.message().get("error", {})
        expect(error.get("message"), f"nothing says why: {self.body!r}")
        if code is not None:
            expect_equal(error["code"], code, "code")


@dataclass
class User:
    """Somebody at a shell: what they know is what the answers told them."""

    bridge: Bridge
    session: list[str] = field(default_factory=list)

    def curl(self, *arguments: str) -> Answer:
        with tempfile.NamedTemporaryFile("r", encoding="utf-8") as head:
            command = ["curl", "-sS", "--max-time", "10", "-D", head.name, *arguments]
            done = subprocess.run(command, capture_output=True, text=True, timeout=15)
            expect(done.returncode == 0, f"{done.stderr.strip()} ({' '.join(arguments)})")
            return Answer(*parse_head(head.read()), done.stdout)

    def post(self, body: dict | str, *arguments: str) -> Answer:
        text = body if isinstance(body, str) else json.dumps(body)
        return self.curl(self.bridge.url, *JSON, *self.session, *arguments, "-d", text)

    def ask(self, method: str, params: dict | None = None, request_id=1, extra=()) -> Answer:
        body = {"jsonrpc": "2.0", "id": request_id, "method": method}
        return self.post(body | ({"params": params} if params else {}), *extra)

    def call(self, tool: str, arguments: dict, request_id=1, extra=()) -> str:
        params = {"name": tool, "arguments": arguments}
        result = self.ask("tools/call", params, request_id, extra).result(request_id)
        expect(not result.get("isError"), f"{tool} failed: {result}")
        return result["content"][0]["text"]


def parse_head(text: str) -> tuple[int, dict[str, str]]:
    lines = text.splitlines()
    fields = (line.split(":", 1) for line in lines[1:] if ":" in line)
    return int(lines[0].split()[1]), {name.lower(): value.strip() for name, value in fields}


def expect(condition, why: str) -> None:
    if not condition:
        raise AssertionError(why)


def expect_equal(seen, expected, what: str) -> None:
    expect(seen == expected, f"{what}: expected {expected!r}, saw {seen!r}")


def wait_until(condition: Callable[[], bool], seconds: float, why: str) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        expect(time.monotonic() < deadline, f"{why} within {seconds} s")
        time.sleep(0.02)


# --- before a session ----------------------------------------------------------------------------


@check("time")
def livez(user: User) -> None:
    expect_equal(user.curl(user.bridge.at("/livez")).status, 200, "status")


@check("time")
def readyz(user: User) -> None:
    expect_equal(user.curl(user.bridge.at("/readyz")).status, 200, "status")


@check("time")
def health(user: User) -> None:
    answer = user.curl(user.bridge.at("/health"))
    expect_equal(answer.status, 200, "status")
    expect("status" in json.loads(answer.body), f"body: {answer.body}")


@check("time")
def metrics(user: User) -> None:
    answer = user.curl(user.bridge.at("/metrics"))
    expect_equal(answer.status, 200, "status")
    expect(answer.headers["content-type"].startswith("text/plain"), f"{answer.headers}")
    samples = [line for line in answer.body.splitlines() if line and not line.startswith("#")]
    expect(samples, "no samples")
    for line in samples:
        well_formed = re.fullmatch(r"[a-z_:][a-z0-9_:]*(\{.*\})? [-+0-9.eE]+(Inf)?", line)
        expect(well_formed, f"no Prometheus sample: {line!r}")


@check("time")
def no_session(user: User) -> None:
    user.ask("tools/list").refusal(400)


@check("time")
def foreign_session(user: User) -> None:
    made_up = "Mcp-Session-Id: 0c6ba9a5-5a0b-4a3e-9e0f-6d6f6e746f6e"
    user.ask("tools/list", extra=["-H", made_up]).refusal(404)


@check("time")
def foreign_host(user: User) -> None:
    user.ask("initialize", INITIALIZE, extra=["-H", "Host: evil.example"]).refusal(403)


@check("time")
def foreign_origin(user: User) -> None:
    origin = ["-H", "Origin: https://evil.example"]
    user.ask("initialize", INITIALIZE, extra=origin).refusal(403)


@check("time")
def not_json(user: User) -> None:
    user.post("{not json").refusal(400, -32700)


@check("time")
def wrong_content_type(user: User) -> None:
    user.curl(user.bridge.url, "-H", "Content-Type: text/plain", "-d", "{}").refusal(415)


# --- a session -----------------------------------------------------------------------------------


@check("time", "everything", "fixture-dual", "fixture-modern")
def initialize(user: User) -> None:
    answer = user.ask("initialize", INITIALIZE)
    expect_equal(answer.result(1)["protocolVersion"], PROTOCOL, "protocol version")
    session = answer.headers.get("mcp-session-id", "")
    expect(re.fullmatch(r"[\x21-\x7e]+", session), f"session id {session!r}")
    user.session = ["-H", f"Mcp-Session-Id: {session}", "-H", f"MCP-Protocol-Version: {PROTOCOL}"]


@check("time", "everything", "fixture-dual", "fixture-modern")
def initialized(user: User) -> None:
    answer = user.post({"jsonrpc": "2.0", "method": "notifications/initialized"})
    expect_equal((answer.status, answer.body), (202, ""), "status and body")


@check("time")
def list_tools(user: User) -> None:
    answer = user.ask("tools/list", request_id="a string")
    names = [tool["name"] for tool in answer.result("a string")["tools"]]
    expect_equal(sorted(names), ["convert_time", "get_current_time"], "tools")


@check("time")
def get_current_time(user: User) -> None:
    text = user.call("get_current_time", {"timezone": "Europe/Paris"}, request_id=7)
    expect_equal(json.loads(text)["timezone"], "Europe/Paris", "timezone")


@check("time")
def accept_both(user: User) -> None:
    text = user.call("get_current_time", {"timezone": "UTC"}, extra=BOTH)
    expect_equal(json.loads(text)["timezone"], "UTC", "timezone")


@check("time")
def accept_stream_only(user: User) -> None:
    answer = user.ask("ping", request_id=8, extra=["-H", "Accept: text/event-stream"])
    expect_equal(answer.headers["content-type"], "text/event-stream", "content type")
    expect_equal(answer.result(8), {}, "result")


@check("time")
def unsupported_version(user: User) -> None:
    version = ["-H", "MCP-Protocol-Version: 1999-12-31"]
    kept, user.session = user.session, user.session[:2]
    try:
        user.ask("ping", extra=version).refusal(400)
    finally:
        user.session = kept


@check("everything", "fixture-dual", "fixture-modern")
def echo(user: User) -> None:
    text = user.call("echo", {"message": "Hello, MCP!"}, request_id=2)
    expect(text.endswith("Hello, MCP!"), f"echo: {text!r}")


@check("everything")
def cancel_ends_stream(user: User) -> None:
    long = {"name": "trigger-long-running-operation", "arguments": {"duration": 30, "steps": 4}}
    body = {"jsonrpc": "2.0", "id": "long", "method": "tools/call", "params": long}
    command = [user.bridge.url, *JSON, *BOTH, *user.session, "-d", json.dumps(body)]
    call = subprocess.Popen(
        ["curl", "-sSN", "--max-time", "60", *command], stdout=subprocess.PIPE, text=True
    )
    try:
        in_flight = lambda: user.bridge.gauge("pontoon_requests_in_flight")  # noqa: E731
        wait_until(lambda: in_flight() == 1, 10, "the call did not arrive")
        expect(call.poll() is None, "the call ended by itself")
        cancelled = {"method": "notifications/cancelled", "params": {"requestId": "long"}}
        expect_equal(user.post({"jsonrpc": "2.0"} | cancelled).status, 202, "status")
        wait_until(lambda: call.poll() is not None, 10, "the cancelled call's stream did not end")
        expect('"result"' not in call.stdout.read(), "a cancelled call was answered")
    finally:
        call.kill()
        call.wait()


@check("time")
def listen(user: User) -> None:
    """A GET is a stream that stays open: curl gives up on it, not the server."""
    stream = [user.bridge.url, *user.session, "-H", "Accept: text/event-stream"]
    with tempfile.NamedTemporaryFile("r") as head:
        command = ["curl", "-sSN", "--max-time", "1", "-D", head.name, *stream]
        done = subprocess.run(command, capture_output=True, text=True, timeout=15)
        status, headers = parse_head(head.read())
    expect_equal(status, 200, "status")
    expect_equal(headers["content-type"], "text/event-stream", "content type")
    expect_equal(done.returncode, 28, "curl's exit status (28: time is up)")


@check("time", "fixture-modern")
def delete(user: User) -> None:
    """The child speaks the modern era: it has no part in sessions, and stays for everybody."""
    before = user.bridge.children()
    answer = user.curl("-X", "DELETE", user.bridge.url, *user.session)
    expect(answer.status in (200, 204), f"status {answer.status}")
    expect(before and before == user.bridge.children(), "the child that all sessions share ended")


@check("everything", "fixture-dual")
def delete_with_child(user: User) -> None:
    before = user.bridge.children()
    expect(before, "no child process behind a session")
    answer = user.curl("-X", "DELETE", user.bridge.url, *user.session)
    expect(answer.status in (200, 204), f"status {answer.status}")
    ended = lambda: before - user.bridge.children()  # noqa: E731
    wait_until(lambda: bool(ended()), 12, "the session's child did not end")


@check("time", "everything", "fixture-dual", "fixture-modern")
def after_delete(user: User) -> None:
    user.ask("ping").refusal(404)


@check("time")
def delete_again(user: User) -> None:
    expect_equal(user.curl("-X", "DELETE", user.bridge.url, *user.session).status, 404, "status")


def run(target: str, bridge: Bridge, report) -> None:
    user = User(bridge)
    for name, function in CHECKS.get(target, []):
        try:
            function(user)
        except Exception as error:
            why = str(error) if isinstance(error, AssertionError) else repr(error)
            report(name, " ".join(why.split())[:500])
        else:
            report(name)
