"""The server the suite is run against: the fixture, served by itself or behind pontoon."""

import queue
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from bridge import START_SECONDS, Bridge, fixture


@contextmanager
def native(era: str, runtime: str) -> Iterator[str]:
    """The fixture over HTTP, by what it embeds."""
    command = [fixture(), "--era", era, "--http", "0", "--runtime", runtime]
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)
    try:
        yield first_line(process)
        if process.poll() is not None:
            raise RuntimeError(f"the fixture has ended by itself, status {process.returncode}")
    finally:
        process.kill()
        process.communicate()


def first_line(process: subprocess.Popen) -> str:
    """The address it says it listens at."""
    lines: queue.Queue[str] = queue.Queue()
    threading.Thread(target=lambda: lines.put(process.stdout.readline()), daemon=True).start()
    try:
        line = lines.get(timeout=START_SECONDS).strip()
    except queue.Empty:
        line = ""
    if not line:
        raise RuntimeError("the fixture does not listen")
    return line


@contextmanager
def bridged(era: str, runtime: str) -> Iterator[str]:
    """The fixture over stdio, with pontoon in front of it, which has to find out its era."""
    bridge = Bridge([fixture(), "--era", era], "--runtime", runtime)
    try:
        yield bridge.url
    finally:
        status = bridge.stop()
    if status:
        raise RuntimeError(f"pontoon ended with status {status}: {''.join(bridge.log)[-2000:]}")


SERVED = {"native": native, "bridged": bridged}
