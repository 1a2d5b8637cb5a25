"""Ten real servers in one `mcpServers` file behind `pontoon serve`, used by several clients at once.

`servers.json` is the file, with variables for what differs between machines; `calls.json` has a tool
of each server, its arguments and a part of the answer. Then some of them again over TLS, with a
certificate whose issuer the clients learn from the variables that the documents name.
"""

import json
import os
import subprocess
import tempfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import install
from bridge import Pontoon

HERE = Path(__file__).resolve().parent


# The servers that are used over TLS, and the clients with checks of their own for one of them.
OVER_TLS = ("everything", "time", "calculator")
SINGLE = {"python-2.x": "time", "npm-modern": "everything"}


def run(runtime: str, clients: dict[str, list], run_client: Callable, report) -> None:
    """Starts the servers, lets the clients use them at the same time, and stops; then with TLS."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name).resolve()
        prepare(folder)
        plain = {client: command for client, command in clients.items() if client not in SINGLE}
        serving = serve(runtime, folder)
        os.environ["CALLS"] = str(write_calls(folder, serving.url))
        use(serving, plain, run_client, report.of(runtime, "many"))

        authority, options = certificate(folder)
        serving = serve(runtime, folder, *options)
        os.environ["CALLS"] = str(write_calls(folder, serving.url, OVER_TLS))
        trust = {"NODE_EXTRA_CA_CERTS": str(authority), "SSL_CERT_FILE": str(authority)}
        os.environ |= trust
        try:
            use(serving, clients, run_client, report.of(runtime, "tls"))
        finally:
            for variable in trust:
                del os.environ[variable]


def use(serving: Pontoon, clients: dict[str, list], run_client: Callable, report) -> None:
    """Runs all clients at once, and stops the servers."""

    def one(client: str) -> None:
        server = SINGLE.get(client)
        url = f"{serving.url}/{server}/mcp" if server else serving.url
        checks = lambda name, why=None: report(f"{client}/{name}", why)  # noqa: E731
        run_client(clients[client], server or "many", url, checks)

    with ThreadPoolExecutor(len(clients)) as pool:
        list(pool.map(one, clients))
    status = serving.stop()
    report("stop", f"exit status {status}" if status else None)


def certificate(folder: Path) -> tuple[Path, list]:
    """Makes an authority and a certificate of it for this machine; returns the authority's and options."""
    root, cert, key = (folder / name for name in ("root.pem", "cert.pem", "key.pem"))
    new = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"]
    new += ["-nodes", "-days", "2"]
    authority = ["-subj", "/CN=authority", "-keyout", folder / "root.key", "-out", root]
    issued = ["-subj", "/CN=server", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", key]
    issued += ["-addext", "basicConstraints=CA:FALSE", "-out", cert]
    issued += ["-CA", root, "-CAkey", folder / "root.key"]
    for options in (authority, issued):
        subprocess.run(list(map(str, [*new, *options])), check=True, capture_output=True)
    return root, ["--tls-cert", cert, "--tls-key", key]


def prepare(folder: Path) -> None:
    """Creates the data that the servers are asked for."""
    (folder / "greeting.txt").write_text("grüße 🌉", encoding="utf-8")
    subprocess.run(["git", "init", "--quiet", folder / "repository"], check=True)
    (folder / "repository" / "bridge.txt").write_text("a bridge")


def serve(runtime: str, folder: Path, *options) -> Pontoon:
    variables = {
        "FOLDER": str(folder),
        "NODE_SERVERS": str(install.NODE / "node_modules"),
        "PYTHON_1": str(install.PYTHON_1),
        "PYTHON_2": str(install.PYTHON_2),
    }
    command = ["serve", "--strict", "--config", HERE / "servers.json", "--runtime", runtime]
    return Pontoon([*command, *options], variables)


def write_calls(folder: Path, origin: str, names: tuple[str, ...] = ()) -> Path:
    """Writes the calls of these servers, or of all, for this folder and address; returns the file."""
    calls = (HERE / "calls.json").read_text(encoding="utf-8")
    calls = json.loads(calls.replace("{FOLDER}", str(folder)).replace("{ORIGIN}", origin))
    path = folder / "calls.json"
    path.write_text(json.dumps({name: calls[name] for name in names or calls}), encoding="utf-8")
    return path
