"""The client of `mcp` 2.x, and what is done with it whatever server it talks to."""

from contextlib import asynccontextmanager
from typing import Any, Awaitable, Callable
from urllib.parse import urljoin
from urllib.request import urlopen

import anyio
from checks import all_asked, expect, expect_equal, expect_rising
from mcp import Client, MCPError, types
from mcp.client.subscriptions import Subscription

MESSAGE = 'grüße 🌉 "quoted" \\ \u2028 \u0000 tab\t line\nend'
MEGABYTE = "0123456789abcdef" * 65536
SAMPLED = "sampled: grüße 🌉"


class Peer:
    """A client, what it was asked, and everything it was told unasked."""

    def __init__(self, url: str, name: str = "Ada Lovelace"):
        self.url = url
        # How the user answers.
        self.name = name
        self.action = "accept"
        self.client: Client
        self.sampled: list[types.CreateMessageRequestParams] = []
        self.elicited: list[Any] = []
        self.roots_asked = 0
        self.logged: list[types.LoggingMessageNotificationParams] = []
        self.exceptions: list[Exception] = []
        # What the user does before they answer.
        self.hesitate: Callable[[], Awaitable[None]] = anyio.lowlevel.checkpoint

    @asynccontextmanager
    async def open(self, **options):
        async with Client(
            self.url,
            sampling_callback=self.on_sampling,
            elicitation_callback=self.on_elicitation,
            list_roots_callback=self.on_roots,
            logging_callback=self.on_log,
            message_handler=self.on_message,
            **options,
        ) as self.client:
            yield self

    async def on_sampling(self, _context, params) -> types.CreateMessageResult:
        self.sampled.append(params)
        content = types.TextContent(type="text", text=SAMPLED)
        return types.CreateMessageResult(role="assistant", content=content, model="real-check")

    async def on_elicitation(self, _context, params) -> types.ElicitResult:
        self.elicited.append(params)
        await self.hesitate()
        if params.mode == "url" or self.action != "accept":
            return types.ElicitResult(action=self.action)
        fields = params.requested_schema["properties"]
        required = params.requested_schema.get("required", [])
        filled = {name: self.fill(fields[name]["type"]) for name in required}
        return types.ElicitResult(action="accept", content=filled)

    def fill(self, kind: str) -> str | int | bool:
        return {"boolean": True, "integer": 36}.get(kind, self.name)

    async def on_roots(self, _context) -> types.ListRootsResult:
        self.roots_asked += 1
        return types.ListRootsResult(roots=[types.Root(uri="file:///real/root", name="real-root")])

    async def on_log(self, params) -> None:
        self.logged.append(params)

    async def on_message(self, message) -> None:
        if isinstance(message, Exception):
            self.exceptions.append(message)

    async def call(self, tool: str, arguments: dict | None = None, **more) -> str:
        """Calls a tool that is to succeed; returns its text."""
        result = await self.client.call_tool(tool, arguments or {}, **more)
        text = "\n".join(c.text for c in result.content if isinstance(c, types.TextContent))
        expect(not result.is_error, f"{tool} failed: {text}")
        return text


async def refused(awaitable: Awaitable[Any]) -> MCPError:
    """The JSON-RPC error that is to come instead of a result."""
    try:
        result = await awaitable
    except MCPError as error:
        return error
    raise AssertionError(f"expected a JSON-RPC error, saw {result!r}")


async def progress_of(peer: Peer, tool: str, arguments: dict) -> tuple[list[float], str]:
    """Calls a tool; returns the progress that had come when the result did, and the result."""
    values: list[float] = []

    async def on_progress(progress, _total, _message) -> None:
        values.append(progress)

    text = await peer.call(tool, arguments, progress_callback=on_progress)
    before_result = list(values)
    await anyio.sleep(0.3)
    expect_equal(values, before_result, "progress after the result")
    expect_rising(values)
    return values, text


async def in_flight(url: str) -> float:
    """How many requests the endpoint is at work on, by its own account."""

    def read() -> float:
        with urlopen(urljoin(url, "/metrics"), timeout=10) as answer:
            for line in answer.read().decode().splitlines():
                if line.startswith("pontoon_requests_in_flight "):
                    return float(line.split()[1])
        raise AssertionError("no such metric")

    return await anyio.to_thread.run_sync(read)


async def cancel_after_progress(peer: Peer, tool: str, arguments: dict) -> None:
    """Drops a call of half a minute once it shows progress: that is how this era cancels."""
    shown = anyio.Event()

    async def on_progress(_progress, _total, _message) -> None:
        shown.set()

    async with anyio.create_task_group() as group:
        group.start_soon(lambda: peer.call(tool, arguments, progress_callback=on_progress))
        with anyio.fail_after(15):
            await shown.wait()
        expect_equal(await in_flight(peer.url), 1, "requests in flight before")
        group.cancel_scope.cancel()
    with anyio.move_on_after(10):
        while await in_flight(peer.url):
            await anyio.sleep(0.02)
    expect_equal(await in_flight(peer.url), 0, "requests in flight 10 s after the client left")


async def crossing(peer: Peer, ask: Callable[[Peer], Awaitable[str]], mode: str = "auto") -> None:
    """Two users, the second of any era, answer one question at one time, each in their own way."""

    async def one(user: Peer) -> None:
        text = await ask(user)
        other = {"Grace": "Edsger", "Edsger": "Grace"}[user.name]
        expect(user.name in text and other not in text, f"{user.name} was told {text!r}")

    grace, edsger = Peer(peer.url, "Grace"), Peer(peer.url, "Edsger")
    async with grace.open(), edsger.open(mode=mode):
        for turn in range(1, 6):
            grace.hesitate = edsger.hesitate = all_asked([grace, edsger], turn)
            async with anyio.create_task_group() as group:
                group.start_soon(one, grace)
                group.start_soon(one, edsger)


async def at_once(peer: Peer, prefix: str = "") -> None:
    async def one(n: int) -> None:
        text = await peer.call("echo", {"message": f"m{n}"})
        expect_equal(text, f"{prefix}m{n}", "echo")

    async with anyio.create_task_group() as group:
        for n in range(50):
            group.start_soon(one, n)


async def event_of(subscription: Subscription, act: Awaitable[Any]) -> Any:
    """What a subscription tells first after something was done."""
    await act
    with anyio.fail_after(8):
        return await anext(subscription)
