"""Real gateways in front of real instances, with the files under deploy/ and their usual settings;
and the requests of orchestrators and monitors, byte for byte."""

import json
import re
import socket
import subprocess
import time
from pathlib import Path
from urllib.parse import urlsplit

from bridge import binary
from example import Server, check, example, expect, expect_equal, text_of
from load import DEPLOY, MESSAGE, Nginx, free_port

NAME = "mcp.example.com"
WRAPPED = ["--", str(binary()), "stdio", "echo"]


class Gateway:
    """HAProxy or Caddy with a configuration, until the block ends."""

    def __init__(self, folder: Path, command: list[str], config: str, port: int):
        self.path = folder / "gateway.conf"
        self.path.write_text(config)
        self.command = [*command, str(self.path)]
        self.port = port
        self.log = (folder / "gateway.log").open("w+")

    def __enter__(self):
        # Caddy keeps files in its home.
        env = {"HOME": str(self.path.parent), "PATH": "/usr/sbin:/usr/bin:/bin"}
        try:
            self.process = subprocess.Popen(self.command, stdout=self.log, stderr=self.log, env=env)
        except FileNotFoundError:
            raise AssertionError(f"{self.command[0]} is needed and cannot be had") from None
        deadline = time.monotonic() + 20
        while self.status() != 200:
            if self.process.poll() is not None or time.monotonic() > deadline:
                said = self.read()
                self.__exit__()
                raise AssertionError(f"no instance is up: {said}")
            time.sleep(0.1)

    def read(self) -> str:
        self.log.flush()
        return Path(self.log.name).read_text()[-1500:]

    def status(self) -> int:
        return request(self.port, f"GET /livez HTTP/1.1\r\nHost: {NAME}\r\nConnection: close\r\n\r\n")

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait(10)
        self.log.close()


def request(port: int, head: str) -> int:
    """The status that a raw request is answered with; 0 without an answer."""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=10) as stream:
            stream.sendall(head.encode())
            line = stream.makefile("rb").readline().split()
    except OSError:
        return 0
    return int(line[1]) if len(line) > 1 else 0


def haproxy(folder: Path, config: str, port: int) -> Gateway:
    return Gateway(folder, ["haproxy", "-db", "-f"], config, port)


def caddy(folder: Path, config: str, port: int) -> Gateway:
    # Its administration would listen on a fixed port.
    config = "{\n\tadmin off\n}\n" + config
    return Gateway(folder, ["caddy", "run", "--adapter", "caddyfile", "--config"], config, port)


def pair(config: str, port: int) -> tuple[list[Server], str]:
    """Two instances of the proxy, and the configuration with their addresses and this port."""
    servers = [Server(["proxy", "--allow-host", NAME, *WRAPPED]) for _ in range(2)]
    for number, server in enumerate(servers, 1):
        config = config.replace(f"proxy{number}:3000", urlsplit(server.url).netloc)
    config = config.replace("bind :8080", f"bind 127.0.0.1:{port}")
    config = config.replace(":8080 {", f"http://:{port} {{\n\tbind 127.0.0.1")
    return servers, config


def sessions_stay(gateway, config: str) -> list[int]:
    """Sessions that are opened through a gateway are found again; returns how many each instance has."""
    port = free_port()
    servers, config = pair(config, port)
    with servers[0] as first, servers[1]:
        with gateway(first.folder, config, port):
            for _ in range(6):
                session = opened(port)
                for _ in range(3):
                    answer = posted(port, MESSAGE, session)
                    expect_equal(text_of(json.loads(answer)).splitlines()[0], "Hello!", "the answer")
            return [server.health()["sessions"] for server in servers]


def posted(port: int, message: dict, session: str | None = None, *options: str) -> str:
    head = [f"Host: {NAME}", "Content-Type: application/json"]
    head += [f"Mcp-Session-Id: {session}"] if session else []
    command = ["curl", "-sS", "-f", *options, f"http://127.0.0.1:{port}/mcp", "-d", json.dumps(message)]
    command += [word for line in head for word in ("-H", line)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=20)
    expect(done.returncode == 0, done.stderr)
    return done.stdout


def opened(port: int) -> str:
    params = {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "t", "version": "1"}}
    message = {"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": params}
    head = posted(port, message, None, "-D", "-", "-o", "/dev/null")
    return re.search(r"(?im)^mcp-session-id: (\S+)", head)[1]


@check
def haproxy_keeps_sessions_together():
    config = (DEPLOY / "haproxy.cfg").read_text()
    sessions_stay(haproxy, config)
    # So that it is not the address of the client that keeps them together.
    spread = sessions_stay(haproxy, config.replace("balance source", "balance roundrobin"))
    expect(min(spread) > 0, f"one instance has all sessions: {spread}")


@check
def caddy_keeps_sessions_together():
    sessions_stay(caddy, (DEPLOY / "Caddyfile").read_text())


@check
def nginx_keeps_sessions_together():
    def nginx(folder: Path, config: str, port: int) -> Nginx:
        config = re.sub(r"server echo\d:3000", "server 127.0.0.1:1", config)
        return Nginx(folder, config.replace("listen 8080", f"listen 127.0.0.1:{port}"), port)

    sessions_stay(nginx, (DEPLOY / "nginx.conf").read_text())


@example("echo", "--stateless", "--allow-host", NAME)
def haproxy_as_it_comes(server):
    """Its health checks are HTTP/1.0 requests without a Host."""
    port = free_port()
    config = f"""
defaults
    mode http
    timeout connect 5s
    timeout client 30s
    timeout server 30s
listen mcp
    bind 127.0.0.1:{port}
    option httpchk GET /health
    server mcp {urlsplit(server.url).netloc} check inter 200ms rise 1 fall 1
"""
    with haproxy(server.folder, config, port):
        time.sleep(1)  # several health checks
        expect_equal(text_of(json.loads(posted(port, MESSAGE))), "Hello!", "the answer")


@example("echo", "--stateless", "--allow-host", NAME)
def caddy_as_it_comes(server):
    """Its health checks name the address of the instance, its requests what the client names."""
    port = free_port()
    config = f"""
http://127.0.0.1:{port}, http://{NAME}:{port} {{
	reverse_proxy {urlsplit(server.url).netloc} {{
		health_uri /health
		health_interval 200ms
	}}
}}
"""
    with caddy(server.folder, config, port):
        time.sleep(1)  # several health checks
        expect_equal(text_of(json.loads(posted(port, MESSAGE))), "Hello!", "the answer")


PROGRAMS = {
    "echo": ["echo", "--host", "0.0.0.0"],
    "echo-stateless": ["echo", "--stateless", "--host", "0.0.0.0"],
    "calculator": ["calculator", "--host", "0.0.0.0"],
    "proxy": ["proxy", "--host", "0.0.0.0"],
}
# What asks by the address of a container, and in which form.
ASKING = {
    "kubernetes": "GET /health HTTP/1.1\r\nHost: 10.1.2.3:3000\r\nUser-Agent: kube-probe/1.30\r\n"
    "Accept: */*\r\nConnection: close\r\n\r\n",
    "kubernetes-v6": "GET /readyz HTTP/1.1\r\nHost: [fd00:10:244::7]:3000\r\nUser-Agent: kube-probe/1.30\r\n"
    "Accept: */*\r\nConnection: close\r\n\r\n",
    "traefik": "GET /health HTTP/1.1\r\nHost: 172.18.0.3:3000\r\nUser-Agent: Go-http-client/1.1\r\n"
    "Accept-Encoding: gzip\r\n\r\n",
    "prometheus": "GET /metrics HTTP/1.1\r\nHost: 10.1.2.3:3000\r\nUser-Agent: Prometheus/2.53.0\r\n"
    "Accept: application/openmetrics-text;version=1.0.0;q=0.5,text/plain;version=0.0.4;q=0.4,*/*;q=0.1\r\n"
    "Accept-Encoding: gzip\r\nX-Prometheus-Scrape-Timeout-Seconds: 10\r\n\r\n",
    "haproxy": "GET /health HTTP/1.0\r\n\r\n",
    "aws": "GET /readyz HTTP/1.1\r\nHost: 10.0.3.17:3000\r\nConnection: close\r\n"
    "User-Agent: ELB-HealthChecker/2.0\r\nAccept-Encoding: gzip, compressed\r\n\r\n",
}


@check
def probes_by_address_are_answered():
    for program, arguments in PROGRAMS.items():
        with Server(arguments) as server:
            port = urlsplit(server.url).port
            for name, head in ASKING.items():
                status = request(port, head)
                expect(200 <= status < 400, f"{name} of {program}: {status}")


@check
def a_name_that_is_refused_is_logged_with_its_option():
    """Use case 1 of the stateless echo server, from another container."""
    name = "mcp-echo-stateless"
    with Server(["echo", "--stateless", "--host", "0.0.0.0"]) as server:
        expect_equal(server.post(MESSAGE, f"Host: {name}:3000").status, 403, "a name that is not allowed")
        log = server.logged(name)
        expect("--allow-host" in log, log)
    with Server(["echo", "--stateless", "--host", "0.0.0.0", "--allow-host", name]) as server:
        expect_equal(server.post(MESSAGE, f"Host: {name}:3000").status, 200, "a name that is allowed")
