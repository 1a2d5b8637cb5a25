"""Drives the HTTP+SSE of an endpoint with the `mcp` client, as a program of 2024 would.

    sse.py everything URL

The stream is at `/sse` of the same server. Prints what `legacy.py` prints.
"""

from contextlib import asynccontextmanager
from urllib.parse import urljoin

import anyio
from checks import CHECK_SECONDS, check, expect, expect_equal, expect_rising, main
from mcp import ClientSession, types
from mcp.client.sse import sse_client


class Peer:
    """A session, and what the client could not place in it."""

    def __init__(self, url: str):
        self.url = urljoin(url, "/sse")
        self.session: ClientSession
        self.initialized: types.InitializeResult
        self.notifications: list[types.ServerNotification] = []
        self.exceptions: list[Exception] = []

    @asynccontextmanager
    async def open(self):
        async with (
            sse_client(self.url, timeout=10) as (read, write),
            ClientSession(
                read,
                write,
                sampling_callback=self.on_sampling,
                list_roots_callback=self.on_roots,
                message_handler=self.on_message,
            ) as self.session,
        ):
            with anyio.fail_after(CHECK_SECONDS):
                self.initialized = await self.session.initialize()
            yield self

    async def on_sampling(self, _context, _params) -> types.CreateMessageResult:
        content = types.TextContent(type="text", text="sampled: grüße 🌉")
        return types.CreateMessageResult(role="assistant", content=content, model="real-check")

    async def on_roots(self, _context) -> types.ListRootsResult:
        return types.ListRootsResult(roots=[types.Root(uri="file:///real/root", name="real-root")])

    async def on_message(self, message) -> None:
        if isinstance(message, Exception):
            self.exceptions.append(message)
        elif isinstance(message, types.ServerNotification):
            self.notifications.append(message)

    async def call(self, tool: str, arguments: dict | None = None, **more) -> str:
        """Calls a tool that is to succeed; returns its text."""
        result = await self.session.call_tool(tool, arguments or {}, **more)
        text = "\n".join(c.text for c in result.content if isinstance(c, types.TextContent))
        expect(not result.isError, f"{tool} failed: {text}")
        return text


def open_peer(url: str):
    return Peer(url).open()


@check("everything")
async def everything_initialize(peer: Peer) -> None:
    expect_equal(peer.initialized.serverInfo.name, "mcp-servers/everything", "server name")


@check("everything")
async def everything_list_tools(peer: Peer) -> None:
    names = {tool.name for tool in (await peer.session.list_tools()).tools}
    expect({"echo", "trigger-sampling-request"} <= names, f"tools: {sorted(names)}")


@check("everything")
async def everything_echo(peer: Peer) -> None:
    expect_equal(await peer.call("echo", {"message": "grüße 🌉"}), "Echo: grüße 🌉", "echo")


@check("everything")
async def everything_at_once(peer: Peer) -> None:
    async def one(n: int) -> None:
        expect_equal(await peer.call("echo", {"message": str(n)}), f"Echo: {n}", "echo")

    async with anyio.create_task_group() as group:
        for n in range(20):
            group.start_soon(one, n)


@check("everything")
async def everything_progress(peer: Peer) -> None:
    values: list[float] = []

    async def on_progress(progress, _total, _message) -> None:
        values.append(progress)

    arguments = {"duration": 0.5, "steps": 5}
    await peer.call("trigger-long-running-operation", arguments, progress_callback=on_progress)
    expect_rising(values)
    expect_equal(values, [1, 2, 3, 4, 5], "progress before the result")


@check("everything")
async def everything_sampling(peer: Peer) -> None:
    text = await peer.call("trigger-sampling-request", {"prompt": "bridge?"})
    expect("sampled: grüße 🌉" in text, f"the client's answer did not arrive: {text!r}")


@check("everything")
async def everything_ping(peer: Peer) -> None:
    await peer.session.send_ping()


@check("everything")
async def everything_two_sessions(peer: Peer) -> None:
    async with Peer(peer.url).open() as other:
        expect_equal(await other.call("echo", {"message": "two"}), "Echo: two", "echo")
    expect_equal(await peer.call("echo", {"message": "one"}), "Echo: one", "echo")


@check("everything")
async def everything_quiet(peer: Peer) -> None:
    expect(not peer.exceptions, f"unplaced: {peer.exceptions}")


if __name__ == "__main__":
    main(__doc__.splitlines()[0], open_peer)
