"""Runs OAuth clients against pontoon with an authorization server, each with both of its own.

The tokens are JWTs, whose keys pontoon finds by the issuer, or opaque, and are introspected. A client goes from the challenge to a tool call, and gets a second scope by a step-up. See
python/oauth.py.
"""

import os
import socket
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import install
from bridge import Bridge

PYTHON = Path(__file__).resolve().parent / "python"
# The first token allows one of its two tools.
TIME = [install.PYTHON_2, "-m", "mcp_server_time", "--local-timezone", "UTC"]
SCOPE = "mcp:tools/call:get_current_time"
SECRET = "introspection-secret"
CLIENTS = {
    "python-1.x": [install.PYTHON_1, PYTHON / "oauth_legacy.py"],
    "python-2.x": [install.PYTHON_2, "-W", "ignore", PYTHON / "oauth_modern.py"],
    "npm": ["node", install.NODE / "oauth-legacy.mjs"],
    "npm-modern": ["node", install.NODE / "oauth-modern.mjs"],
}


@dataclass
class Kind:
    """The kind of authorization server, and the options that pontoon has for it."""

    server: list[str]
    options: Callable[[str], list[str]]


def secret_file() -> Path:
    path = install.HOME / f"introspection-secret-{os.getpid()}"
    path.write_text(SECRET)
    return path


def introspection(issuer: str) -> list[str]:
    return [
        *("--auth-issuer", issuer),
        *("--auth-introspection", f"{issuer}/introspect"),
        *("--auth-introspection-secret", str(secret_file())),
    ]


def discovery(issuer: str) -> list[str]:
    return ["--auth-issuer", issuer]


KINDS = {
    "jwt": Kind(["--tokens", "jwt"], discovery),
    "opaque": Kind(["--tokens", "opaque"], introspection),
    # The client and pontoon find the metadata of the authorization server in the other place.
    "oidc": Kind(["--tokens", "jwt", "--discovery", "oidc"], discovery),
}
# Which clients are sent to which kind; all of them to the first two.
RUNS = [(kind, client) for kind in ("jwt", "opaque") for client in CLIENTS]
RUNS += [("oidc", "python-2.x"), ("oidc", "npm")]


@contextmanager
def authorization_server(options: list[str]) -> Iterator[str]:
    """Starts the authorization server of the tests; gives its issuer."""
    command = [install.PYTHON_2, PYTHON / "authorization_server.py", *options]
    process = subprocess.Popen(
        list(map(str, command)),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONDONTWRITEBYTECODE": "1"},
    )
    try:
        yield process.stdout.readline().strip()
    finally:
        # It ends with its standard input.
        process.stdin.close()
        process.wait(10)


def free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return taken.getsockname()[1]


def run(runtime: str, run_client: Callable, report) -> None:
    """Runs every client; `run_client` does one."""
    for name, client in RUNS:
        kind = KINDS[name]
        scope = (runtime, f"time-{name}", client)
        failed_before = report.failed
        with authorization_server(kind.server) as issuer:
            port = free_port()
            url = f"http://127.0.0.1:{port}/mcp"
            options = ["--auth-resource", url, "--auth-scopes", SCOPE, *kind.options(issuer)]
            try:
                bridge = Bridge(TIME, "--runtime", runtime, *options, port=port)
            except Exception as error:
                report("/".join((*scope, "start")), str(error))
                continue
            try:
                run_client(CLIENTS[client], "time", bridge.url, report.of(*scope))
            finally:
                status = bridge.stop()
                report("/".join((*scope, "stop")), f"exit status {status}" if status else None)
        shown = [line for line in bridge.log if SECRET in line]
        report("/".join((*scope, "no-secret-in-log")), "".join(shown) or None)
        if report.failed > failed_before:
            print("   the last of pontoon's log:\n   " + "   ".join(bridge.log[-20:]))
