"""What the Python clients have in common: naming checks, running them, saying what went wrong."""

import argparse
import sys
from contextlib import AbstractAsyncContextManager
from typing import Any, Awaitable, Callable, Sequence

import anyio

CHECK_SECONDS = 20
PROTOCOL = "2025-11-25"
MODERN = "2026-07-28"

CHECKS: dict[str, list[tuple[str, Callable[[Any], Awaitable[None]]]]] = {}


def check(*targets: str):
    """Adds a function to the checks of some targets, under its own name."""

    def register(function):
        for target in targets:
            name = function.__name__.removeprefix(f"{targets[0]}_").replace("_", "-")
            CHECKS.setdefault(target, []).append((name, function))
        return function

    return register


def expect(condition: Any, why: str) -> None:
    if not condition:
        raise AssertionError(why)


def expect_equal(seen: Any, expected: Any, what: str) -> None:
    expect(seen == expected, f"{what}: expected {expected!r}, saw {seen!r}")


def expect_rising(values: list[float]) -> None:
    rising = all(a < b for a, b in zip(values, values[1:]))
    expect(rising, f"progress does not rise: {values}")


def all_asked(users: Sequence[Any], times: int) -> Callable[[], Awaitable[None]]:
    """Waits until the server has asked each of some users so often."""

    async def wait() -> None:
        with anyio.fail_after(8):
            while any(len(user.elicited) < times for user in users):
                await anyio.sleep(0.01)

    return wait


def why(error: BaseException) -> str:
    """One line that says what went wrong, from inside any exception groups."""
    while isinstance(error, BaseExceptionGroup) and error.exceptions:
        error = error.exceptions[0]
    text = " ".join(str(error).split())[:500]
    return text if isinstance(error, AssertionError) else f"{type(error).__name__} {text}".strip()


def main(description: str, open_peer: Callable[[str], AbstractAsyncContextManager[Any]]) -> None:
    """Runs every check of the target the command line names, one after the other, in one peer."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("target", choices=sorted(CHECKS))
    parser.add_argument("url")
    arguments = parser.parse_args()
    try:
        anyio.run(_run, CHECKS[arguments.target], open_peer(arguments.url))
    except Exception as error:
        sys.exit(f"client ended: {why(error)}")


async def _run(checks, opening) -> None:
    print("plan", *(name for name, _ in checks), flush=True)
    async with opening as peer:
        for name, function in checks:
            try:
                with anyio.fail_after(CHECK_SECONDS):
                    await function(peer)
                print(f"ok {name}", flush=True)
            except Exception as error:
                print(f"FAIL {name}: {why(error)}", flush=True)
