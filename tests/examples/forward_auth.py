"""nginx authenticates with `auth_request`, as deploy/nginx-auth.conf says, on every runtime."""

import json
import subprocess
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

from bridge import runtimes
from example import Server, check, expect, expect_equal, text_of
from load import DEPLOY, Nginx, free_port

NAME = "mcp.example.com"
# The address that nginx connects from, unlike clients that come directly.
GATEWAY = "127.0.0.2"
USERS = {"Bearer ada-token": "ada", "Bearer grace-token": "grace"}
HEADERS = {"name": "printHeader", "arguments": {}}


class Verify(BaseHTTPRequestHandler):
    """The service that knows the users."""

    def do_GET(self) -> None:
        user = USERS.get(self.headers.get("Authorization", ""))
        self.send_response(200 if user else 401)
        if user:
            self.send_header("X-User-Id", user)
            self.send_header("X-User-Email", f"{user}@example.com")
        else:
            self.send_header("WWW-Authenticate", 'Bearer realm="verify"')
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_) -> None:
        pass


@contextmanager
def gateway(server: Server):
    """nginx with the documented configuration in front of a server; gives its URL."""
    verify = ThreadingHTTPServer(("127.0.0.1", 0), Verify)
    threading.Thread(target=verify.serve_forever, daemon=True).start()
    port = free_port()
    config = (DEPLOY / "nginx-auth.conf").read_text()
    for documented, here in {
        "listen 8080": f"listen 127.0.0.1:{port}",
        "http://auth:8000": f"http://127.0.0.1:{verify.server_port}",
        "proxy_pass http://mcp:3000;": f"proxy_bind {GATEWAY}; proxy_pass http://{netloc(server)};",
    }.items():
        expect(documented in config, f"no {documented!r} in the configuration")
        config = config.replace(documented, here)
    try:
        with Nginx(server.folder, config, port):
            yield f"http://127.0.0.1:{port}/mcp"
    finally:
        verify.shutdown()
        verify.server_close()


def netloc(server: Server) -> str:
    return urlsplit(server.url).netloc


def post(url: str, message: dict, *headers: str) -> tuple[int, dict[str, str], str]:
    """Returns status, headers and body."""
    lines = [f"Host: {NAME}", "Content-Type: application/json", *headers]
    command = ["curl", "-sS", "-i", url, "-d", json.dumps(message)]
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
def protected(*program: str):
    options = ["--allow-host", NAME, "--auth-trust-from", GATEWAY]
    with Server([*program, *options]) as server, gateway(server) as url:
        yield server, url


@check
def nginx_names_the_user():
    for runtime in runtimes():
        with protected("echo", "--stateless", "--runtime", runtime) as (server, url):
            call = request("tools/call", HEADERS)
            status, headers, _ = post(url, call)
            expect_equal(status, 401, f"{runtime}: status without a token")
            expect_equal(headers["www-authenticate"], 'Bearer realm="verify"', "nginx's challenge")
            forged = ("Authorization: Bearer ada-token", "X-User-Id: root", "X-User-Email: root@localhost")
            status, _, body = post(url, call, *forged)
            expect_equal(status, 200, f"{runtime}: status with a token")
            text = text_of(json.loads(body))
            expect("ada" in text and "ada@example.com" in text, text)
            expect("root" not in text, f"the client's own header got through: {text}")
            expect("ada-token" not in text, f"the token got through: {text}")


@check
def headers_from_elsewhere_name_no_user():
    for runtime in runtimes():
        with protected("echo", "--stateless", "--runtime", runtime) as (server, _):
            direct = f"http://{netloc(server)}/mcp"
            status, headers, _ = post(direct, request("tools/call", HEADERS), "X-User-Id: ada")
            expect_equal(status, 401, f"{runtime}: status of a forged header")
            expect(headers["www-authenticate"].startswith("Bearer"), str(headers))


@check
def a_session_is_its_users_own():
    for runtime in runtimes():
        with protected("echo", "--runtime", runtime) as (server, url):
            ada, grace = (f"Authorization: {token}" for token in USERS)
            status, headers, _ = post(url, INITIALIZE, ada)
            expect_equal(status, 200, f"{runtime}: initialize")
            session = f"Mcp-Session-Id: {headers['mcp-session-id']}"
            ping = request("ping", {})
            expect_equal(post(url, ping, ada, session)[0], 200, f"{runtime}: its user")
            expect_equal(post(url, ping, grace, session)[0], 404, f"{runtime}: another user")
            direct = f"http://{netloc(server)}/mcp"
            expect_equal(post(direct, ping, session)[0], 401, f"{runtime}: no user")
