"""Installs the real servers and clients into `target/real/`, at the versions that are pinned here.

They come through `pip` and `npm`, from wherever those are configured to look. What is installed
already is left alone until a pin changes.
"""

import hashlib
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

HERE = Path(__file__).resolve().parent
HOME = HERE.parent.parent / "target" / "real"
SECONDS = 300
# Tries of what asks a registry: one that is busy is not one that has failed.
TRIES = 3

# One environment for each major version of `mcp`; they cannot share one.
PYTHON_1 = HOME / "python-1.x" / "bin" / "python"
PYTHON_2 = HOME / "python-2.x" / "bin" / "python"
NODE = HOME / "npm"
SERVER_EVERYTHING = NODE / "node_modules/@modelcontextprotocol/server-everything/dist/index.js"


def install() -> None:
    venv(PYTHON_1.parent.parent, HERE / "python" / "requirements-1.x.txt", ["mcp"])
    servers = ["mcp.server.mcpserver", "mcp_server_time.server"]
    venv(PYTHON_2.parent.parent, HERE / "python" / "requirements-2.x.txt", servers)
    npm(NODE, HERE / "npm")


def venv(directory: Path, requirements: Path, modules: Sequence[str] = ()) -> None:
    if is_current(directory, requirements):
        return
    shutil.rmtree(directory, ignore_errors=True)
    call([sys.executable, "-m", "venv", directory])
    pip = [directory / "bin" / "python", "-m", "pip", "--disable-pip-version-check"]
    call([*pip, "install", "--quiet", "--no-deps", "-r", requirements], tries=TRIES)
    call([*pip, "check"])
    # The first import is slow, and a server that is slow to answer is taken for a legacy one.
    for module in modules:
        call([directory / "bin" / "python", "-c", f"import {module}"])
    mark_current(directory, requirements)


def npm(directory: Path, source: Path, is_complete: Callable[[], bool] = lambda: True) -> None:
    lock = source / "package-lock.json"
    if '"resolved"' in lock.read_text():
        sys.exit(f"{lock} names a registry; write it with the .npmrc beside it in force")
    if not is_current(directory, lock):
        directory.mkdir(parents=True, exist_ok=True)
        for name in ("package.json", "package-lock.json", ".npmrc"):
            shutil.copy(source / name, directory)
        npm_ci = ["npm", "ci", "--loglevel=error"]
        call(npm_ci, cwd=directory, tries=TRIES)
        # What is optional may be left out without a word.
        if not is_complete():
            call(npm_ci, cwd=directory, tries=TRIES)
        mark_current(directory, lock)
    # Imports are looked up beside the importing file.
    for script in source.glob("*.mjs"):
        shutil.copy(script, directory)


def is_current(directory: Path, pins: Path) -> bool:
    mark = directory / ".pins"
    return mark.exists() and mark.read_text() == digest(pins)


def mark_current(directory: Path, pins: Path) -> None:
    (directory / ".pins").write_text(digest(pins))


def digest(pins: Path) -> str:
    return hashlib.sha256(pins.read_bytes()).hexdigest()


def call(command: list, cwd: Path | None = None, tries: int = 1) -> None:
    for left in reversed(range(tries)):
        if not (why := failure(command, cwd)):
            return
        if left:
            print(f"   once more, after {why}", flush=True)
            time.sleep(5)
    sys.exit(why)


def failure(command: list, cwd: Path | None) -> str | None:
    """What a command failed by."""
    words = " ".join(map(str, command))
    try:
        done = subprocess.run(command, cwd=cwd, timeout=SECONDS, capture_output=True, text=True)
    except FileNotFoundError:
        sys.exit(f"{command[0]} is needed and not installed")
    except subprocess.TimeoutExpired:
        return f"{words}: not done within {SECONDS} s"
    return f"{words}:\n{done.stdout}{done.stderr}" if done.returncode else None
