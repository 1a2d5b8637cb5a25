"""Gateways authenticate for pontoon on every runtime: nginx with `auth_request`, as
deploy/nginx-auth.conf says, and Traefik with ForwardAuth, as the labels in deploy/ say."""

import json
import subprocess
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

from bridge import runtimes
from example import Server, check, expect, expect_equal, text_of
from load import DEPLOY, Nginx, free_port
from traefik import Traefik, dynamic, labels

DOMAIN = "example.com"
NAME = f"mcp-echo.{DOMAIN}"
# The address that gateways connect from, and one that clients come directly from.
GATEWAY, ELSEWHERE = "127.0.0.1", "127.0.0.2"
USERS = {"Bearer ada-token": "ada", "Bearer grace-token": "grace"}
CHALLENGE = 'Bearer realm="verify"'
HEADERS = {"name": "printHeader", "arguments": {}}


class Verify(BaseHTTPRequestHandler):
    """The service that knows the users."""

    def do_GET(self) -> None:
        self.server.asked.append(dict(self.headers))
        user = USERS.get(self.headers.get("Authorization", ""))
        self.send_response(200 if user else 401)
        if user:
            self.send_header("X-User-Id", user)
            self.send_header("X-User-Email", f"{user}@example.com")
        else:
            self.send_header("WWW-Authenticate", CHALLENGE)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_) -> None:
        pass


@contextmanager
def verify():
    """Starts the service."""
    service = ThreadingHTTPServer(("127.0.0.1", 0), Verify)
    service.asked = []
    threading.Thread(target=service.serve_forever, daemon=True).start()
    try:
        yield service
    finally:
        service.shutdown()
        service.server_close()


def nginx(server: Server, verify_url: str, port: int) -> Nginx:
    config = (DEPLOY / "nginx-auth.conf").read_text()
    for documented, here in {
        "listen 8080": f"listen 127.0.0.1:{port}",
        "http://auth:8000": verify_url,
        "http://mcp:3000": origin(server),
    }.items():
        expect(documented in config, f"no {documented!r} in the configuration")
        config = config.replace(documented, here)
    return Nginx(server.folder, config, port)


def traefik(server: Server, verify_url: str, port: int) -> Traefik:
    config = dynamic(labels(DOMAIN), verify_url, origin(server))
    return Traefik(server.folder, config, NAME, port)


def origin(server: Server) -> str:
    return f"http://{urlsplit(server.url).netloc}"


def post(url: str, message: dict, *headers: str, source: str = GATEWAY) -> tuple[int, dict[str, str], str]:
    """Returns status, headers and body."""
    lines = [f"Host: {NAME}", "Content-Type: application/json", *headers]
    command = ["curl", "-sS", "-i", "--interface", source, url, "-d", json.dumps(message)]
    command += [word for line in lines for word in ("-H", line)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=20)
    expect(done.returncode == 0, done.stderr)
    head, _, body = done.stdout.replace("\r\n", "\n").partition("\n\n")
    status, *fields = head.splitlines()
    found = (field.split(": ", 1) for field in fields)
    return int(status.split()[1]), {name.lower(): value for name, value in found}, body


def request(method: str, params: dict) -> dict:
    return {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}


INITIALIZE = request(
    "initialize",
    {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "t", "version": "1"}},
)


@contextmanager
def protected(start_gateway, *program: str):
    """Starts a server behind a gateway; gives the server, the URL of both and the service."""
    options = ["--allow-host", NAME, "--auth-trust-from", GATEWAY]
    with Server([*program, *options]) as server, verify() as service:
        port = free_port()
        with start_gateway(server, f"http://127.0.0.1:{service.server_port}", port):
            yield server, f"http://127.0.0.1:{port}/mcp", service


def names_the_user(start_gateway) -> None:
    for runtime in runtimes():
        with protected(start_gateway, "echo", "--stateless", "--runtime", runtime) as (_, url, service):
            call = request("tools/call", HEADERS)
            status, headers, _ = post(url, call)
            expect_equal(status, 401, f"{runtime}: status without a token")
            expect_equal(headers["www-authenticate"], CHALLENGE, "the challenge of the service")
            forged = ("Authorization: Bearer ada-token", "X-User-Id: root", "X-User-Email: root@localhost")
            status, _, body = post(url, call, *forged)
            expect_equal(status, 200, f"{runtime}: status with a token")
            asked = service.asked[-1]
            expect_equal(asked["X-Forwarded-Method"], "POST", "the method, for the service")
            expect_equal(asked["X-Forwarded-Uri"], "/mcp", "the path, for the service")
            text = text_of(json.loads(body))
            expect("ada" in text and "ada@example.com" in text, text)
            expect("root" not in text, f"the client's own header got through: {text}")
            expect("ada-token" not in text, f"the token got through: {text}")


def keeps_sessions_apart(start_gateway) -> None:
    for runtime in runtimes():
        with protected(start_gateway, "echo", "--runtime", runtime) as (server, url, _):
            ada, grace = (f"Authorization: {token}" for token in USERS)
            status, headers, _ = post(url, INITIALIZE, ada)
            expect_equal(status, 200, f"{runtime}: initialize")
            session = f"Mcp-Session-Id: {headers['mcp-session-id']}"
            ping = request("ping", {})
            expect_equal(post(url, ping, ada, session)[0], 200, f"{runtime}: its user")
            expect_equal(post(url, ping, grace, session)[0], 404, f"{runtime}: another user")
            direct = f"{origin(server)}/mcp"
            forged = ("X-User-Id: ada", session)
            status, headers, _ = post(direct, ping, *forged, source=ELSEWHERE)
            expect_equal(status, 401, f"{runtime}: a header from elsewhere")
            expect(headers["www-authenticate"].startswith("Bearer"), str(headers))


@check
def nginx_names_the_user():
    names_the_user(nginx)


@check
def nginx_keeps_sessions_apart():
    keeps_sessions_apart(nginx)


@check
def traefik_names_the_user():
    names_the_user(traefik)


@check
def traefik_keeps_sessions_apart():
    keeps_sessions_apart(traefik)
