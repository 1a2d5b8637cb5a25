"""Ten real servers in one `mcpServers` file behind `pontoon serve`, used by two clients at once.

`servers.json` is the file, with variables for what differs between machines; `calls.json` has a tool
of each server, its arguments and a part of the answer.
"""

import os
import subprocess
import tempfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import install
from bridge import Pontoon

HERE = Path(__file__).resolve().parent


def run(runtime: str, clients: dict[str, list], run_client: Callable, report) -> None:
    """Starts the servers, lets all clients use all of them at the same time, and stops."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name).resolve()
        prepare(folder)
        serving = serve(runtime, folder)
        os.environ["CALLS"] = str(write_calls(folder, serving.url))

        def one(client: str) -> None:
            run_client(clients[client], "many", serving.url, report.of(runtime, "many", client))

        with ThreadPoolExecutor(len(clients)) as pool:
            list(pool.map(one, clients))
        status = serving.stop()
        report(f"{runtime}/many/stop", f"exit status {status}" if status else None)


def prepare(folder: Path) -> None:
    """Creates the data that the servers are asked for."""
    (folder / "greeting.txt").write_text("grüße 🌉", encoding="utf-8")
    subprocess.run(["git", "init", "--quiet", folder / "repository"], check=True)
    (folder / "repository" / "bridge.txt").write_text("a bridge")


def serve(runtime: str, folder: Path) -> Pontoon:
    variables = {
        "FOLDER": str(folder),
        "NODE_SERVERS": str(install.NODE / "node_modules"),
        "PYTHON_1": str(install.PYTHON_1),
        "PYTHON_2": str(install.PYTHON_2),
    }
    command = ["serve", "--strict", "--config", HERE / "servers.json", "--runtime", runtime]
    return Pontoon(command, variables)


def write_calls(folder: Path, origin: str) -> Path:
    """Writes the calls for this folder and this address; returns the file."""
    calls = (HERE / "calls.json").read_text(encoding="utf-8")
    calls = calls.replace("{FOLDER}", str(folder)).replace("{ORIGIN}", origin)
    path = folder / "calls.json"
    path.write_text(calls, encoding="utf-8")
    return path
