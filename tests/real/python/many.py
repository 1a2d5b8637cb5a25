"""Uses all servers of `pontoon serve` at once with the client of `mcp` 1.x.

    CALLS=calls.json many.py many ORIGIN

It reports its checks as `legacy.py` does: one for each server, all of which run at the same time.
"""

import json
import os
import sys

import anyio
from checks import expect, why
from legacy_peer import Peer

CALLS_EACH = 10
SECONDS = 90


async def use(origin: str, name: str, call: dict) -> None:
    """Opens a session with a server, lists its tools and calls one of them."""
    async with Peer(f"{origin}/{name}/mcp").open() as peer:
        tools = [tool.name for tool in (await peer.session.list_tools()).tools]
        expect(call["tool"] in tools, f"no {call['tool']} in {tools}")
        for _ in range(CALLS_EACH):
            text = await peer.call(call["tool"], call["arguments"])
            expect(call["expected"] in text, f"no {call['expected']!r} in {text!r}")


async def report(origin: str, name: str, call: dict) -> None:
    try:
        with anyio.fail_after(SECONDS):
            await use(origin, name, call)
        print(f"ok {name}", flush=True)
    except Exception as error:
        print(f"FAIL {name}: {why(error)}", flush=True)


async def main(origin: str) -> None:
    with open(os.environ["CALLS"], encoding="utf-8") as file:
        calls = json.load(file)
    print("plan", *calls, flush=True)
    async with anyio.create_task_group() as group:
        for name, call in calls.items():
            group.start_soon(report, origin, name, call)


if __name__ == "__main__":
    anyio.run(main, sys.argv[2])
