"""Drives an MCP endpoint with the client of `mcp` 2.x, which asks first for the modern era.

    newest.py everything URL

An endpoint that serves the legacy era only has to refuse that question in a way that makes the
client fall back to `initialize`. Prints what `client.py` prints.
"""

from dataclasses import dataclass, field
from contextlib import asynccontextmanager

import anyio
from checks import CHECK_SECONDS, PROTOCOL, check, expect, expect_equal, expect_rising, main
from mcp import Client
from mcp.types import CreateMessageResult, ElicitResult, TextContent


@dataclass
class Peer:
    url: str
    client: Client | None = None
    exceptions: list[Exception] = field(default_factory=list)

    async def call(self, tool: str, arguments: dict | None = None, **more) -> str:
        """Calls a tool that is to succeed; returns its text."""
        result = await self.client.call_tool(tool, arguments or {}, **more)
        text = "\n".join(c.text for c in result.content if isinstance(c, TextContent))
        expect(not result.is_error, f"{tool} failed: {text}")
        return text

    async def on_message(self, message) -> None:
        if isinstance(message, Exception):
            self.exceptions.append(message)


async def on_sampling(_context, _params) -> CreateMessageResult:
    content = TextContent(type="text", text="sampled by 2.x")
    return CreateMessageResult(role="assistant", content=content, model="real-check")


async def on_elicitation(_context, _params) -> ElicitResult:
    return ElicitResult(action="accept", content={"name": "Ada Lovelace"})


@asynccontextmanager
async def open_peer(url: str):
    peer = Peer(url)
    with anyio.fail_after(CHECK_SECONDS) as opening:
        async with Client(
            url,
            sampling_callback=on_sampling,
            elicitation_callback=on_elicitation,
            message_handler=peer.on_message,
        ) as peer.client:
            opening.deadline = float("inf")
            yield peer


@check("everything")
async def everything_falls_back(peer: Peer) -> None:
    expect_equal(peer.client.protocol_version, PROTOCOL, "protocol version")
    expect_equal(peer.client.server_info.name, "mcp-servers/everything", "server name")


@check("everything")
async def everything_list_tools(peer: Peer) -> None:
    names = {tool.name for tool in (await peer.client.list_tools()).tools}
    expect({"echo", "trigger-sampling-request"} <= names, f"tools: {sorted(names)}")


@check("everything")
async def everything_echo(peer: Peer) -> None:
    expect_equal(await peer.call("echo", {"message": "grüße 🌉"}), "Echo: grüße 🌉", "echo")


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
    expect("sampled by 2.x" in text, f"the client's answer did not arrive: {text!r}")


@check("everything")
async def everything_elicitation(peer: Peer) -> None:
    text = await peer.call("trigger-elicitation-request")
    expect("Ada Lovelace" in text, f"the client's answer did not arrive: {text!r}")


@check("everything")
async def everything_ping(peer: Peer) -> None:
    await peer.client.send_ping()


@check("everything")
async def everything_legacy_mode(peer: Peer) -> None:
    async with Client(peer.url, mode="legacy") as client:
        result = await client.call_tool("echo", {"message": "legacy"})
        expect_equal(result.content[0].text, "Echo: legacy", "echo")


@check("everything")
async def everything_quiet(peer: Peer) -> None:
    expect(not peer.exceptions, f"unplaced: {peer.exceptions}")


if __name__ == "__main__":
    main(__doc__.splitlines()[0], open_peer)
