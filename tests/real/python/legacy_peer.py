"""The client of `mcp` 1.x, and what is done with it whatever server it talks to."""

import re
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any, Awaitable, Callable

import anyio
import httpx
from checks import CHECK_SECONDS, PROTOCOL, expect, expect_equal, expect_rising
from mcp import ClientSession, McpError, types
from mcp.client.streamable_http import streamablehttp_client


class Peer:
    """A session and everything the server sent in it on its own account."""

    def __init__(self, url: str, transport: httpx.AsyncBaseTransport | None = None):
        self.url = url
        self.transport = transport
        self.session: ClientSession
        self.session_id: Callable[[], str | None]
        self.initialized: types.InitializeResult
        self.notifications: list[types.ServerNotification] = []
        self.exceptions: list[Exception] = []
        self.sampled: list[types.CreateMessageRequestParams] = []
        self.elicited: list[Any] = []
        self.roots_asked = 0
        # How the user answers, and what they do before that.
        self.name = "Ada Lovelace"
        self.action = "accept"
        # Whether the owner of the model refuses to let it be asked.
        self.refuses = False
        self.hesitate: Callable[[], Awaitable[None]] = anyio.lowlevel.checkpoint

    @asynccontextmanager
    async def open(self):
        async with AsyncExitStack() as stack:
            read, write, self.session_id = await stack.enter_async_context(
                streamablehttp_client(self.url, timeout=10, httpx_client_factory=self.http_client)
            )
            self.session = await stack.enter_async_context(
                ClientSession(
                    read,
                    write,
                    sampling_callback=self.on_sampling,
                    elicitation_callback=self.on_elicitation,
                    list_roots_callback=self.on_roots,
                    message_handler=self.on_message,
                )
            )
            with anyio.fail_after(CHECK_SECONDS):
                self.initialized = await self.session.initialize()
            yield self

    def http_client(self, headers=None, timeout=None, auth=None) -> httpx.AsyncClient:
        return httpx.AsyncClient(
            headers=headers, timeout=timeout, auth=auth, transport=self.transport
        )

    async def on_sampling(self, _context, params) -> types.CreateMessageResult | types.ErrorData:
        self.sampled.append(params)
        if self.refuses:
            return types.ErrorData(code=-1, message="User rejected sampling request")
        return types.CreateMessageResult(
            role="assistant",
            content=types.TextContent(type="text", text="sampled: grüße 🌉"),
            model="real-check",
        )

    async def on_elicitation(self, _context, params) -> types.ElicitResult:
        self.elicited.append(params)
        await self.hesitate()
        if params.mode == "url" or self.action != "accept":
            return types.ElicitResult(action=self.action)
        return types.ElicitResult(action="accept", content={"name": self.name, "integer": 36})

    async def on_roots(self, _context) -> types.ListRootsResult:
        self.roots_asked += 1
        return types.ListRootsResult(roots=[types.Root(uri="file:///real/root", name="real-root")])

    async def on_message(self, message) -> None:
        if isinstance(message, Exception):
            self.exceptions.append(message)
        elif isinstance(message, types.ServerNotification):
            self.notifications.append(message)

    def heard(self, kind: type) -> list[Any]:
        """The notifications of one type, in the order in which they came."""
        return [n.root for n in self.notifications if isinstance(n.root, kind)]

    async def hear(
        self, kind: type, after: int = 0, matching: Callable[[Any], bool] = lambda _: True
    ) -> Any:
        """Waits for a notification of a type, other than the first `after` ones."""
        with anyio.move_on_after(8):
            while True:
                for notification in self.heard(kind)[after:]:
                    if matching(notification):
                        return notification
                await anyio.sleep(0.02)
        raise AssertionError(f"no {kind.__name__} within 8 s")

    async def call(self, tool: str, arguments: dict[str, Any] | None = None, **more) -> str:
        """Calls a tool that is to succeed; returns its text."""
        result = await self.session.call_tool(tool, arguments or {}, **more)
        text = "\n".join(c.text for c in result.content if isinstance(c, types.TextContent))
        expect(not result.isError, f"{tool} failed: {text}")
        return text


class Losing(httpx.AsyncBaseTransport):
    """A connection that is lost once, after two events of the answer to a call with progress."""

    def __init__(self):
        self.inner = httpx.AsyncHTTPTransport()
        self.lost = False
        self.resumed_from: str | None = None

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.resumed_from = self.resumed_from or request.headers.get("last-event-id")
        response = await self.inner.handle_async_request(request)
        if self.lost or b'"progressToken"' not in await request.aread():
            return response
        headers, body = response.headers, Cut(self, response.stream)
        return httpx.Response(response.status_code, headers=headers, stream=body)


class Cut(httpx.AsyncByteStream):
    """The body that breaks off."""

    def __init__(self, connection: Losing, body: httpx.AsyncByteStream):
        self.connection = connection
        self.body = body

    async def __aiter__(self):
        seen = b""
        async for chunk in self.body:
            yield chunk
            seen += chunk
            # An event without data only names the stream.
            if len(re.findall(rb"^data: ?\S", seen, re.MULTILINE)) >= 2:
                self.connection.lost = True
                raise httpx.ReadError("connection lost")

    async def aclose(self) -> None:
        await self.body.aclose()


async def refused(awaitable: Awaitable[Any]) -> types.ErrorData:
    """The JSON-RPC error that is to come instead of a result."""
    try:
        result = await awaitable
    except McpError as error:
        return error.error
    raise AssertionError(f"expected a JSON-RPC error, saw {result!r}")


async def progress_of(peer: Peer, tool: str, arguments: dict[str, Any]) -> tuple[list[float], str]:
    """Calls a tool; returns the progress that had come when the result did, and the result."""
    values: list[float] = []

    async def on_progress(progress: float, _total: float | None, _message: str | None) -> None:
        values.append(progress)

    text = await peer.call(tool, arguments, progress_callback=on_progress)
    before_result = list(values)
    await anyio.sleep(0.3)
    expect_equal(values, before_result, "progress after the result")
    expect_rising(values)
    return values, text


async def cancel_after_progress(peer: Peer, tool: str, arguments: dict[str, Any], wait: float):
    """Cancels a call once it shows progress; nothing may answer it, and the session goes on."""
    shown = anyio.Event()

    async def on_progress(_progress, _total, _message) -> None:
        shown.set()

    async with anyio.create_task_group() as group:
        request_id = peer.session._request_id
        group.start_soon(lambda: peer.call(tool, arguments, progress_callback=on_progress))
        with anyio.fail_after(8):
            await shown.wait()
        await peer.session.send_notification(
            types.ClientNotification(
                types.CancelledNotification(
                    params=types.CancelledNotificationParams(requestId=request_id, reason="check")
                )
            )
        )
        group.cancel_scope.cancel()
    before = len(peer.exceptions)
    await peer.session.send_ping()
    await anyio.sleep(wait)
    await peer.session.send_ping()
    # The client reports an answer that nobody waits for as an exception.
    expect(len(peer.exceptions) == before, f"answered after all: {peer.exceptions[before:]}")


async def same_ids(peer: Peer, tool: str) -> None:
    """Two sessions count their ids from 0; their answers must not cross."""

    async def twenty(session_of: Peer, tag: str) -> None:
        async def one(n: int) -> None:
            text = await session_of.call(tool, {"message": f"{tag}-{n}"})
            expect(f"{tag}-{n}" in text, f"session {tag} asked for {tag}-{n}, was given {text!r}")

        async with anyio.create_task_group() as group:
            for n in range(20):
                group.start_soon(one, n)

    async with Peer(peer.url).open() as left, Peer(peer.url).open() as right:
        expect(left.session_id() != right.session_id(), "two sessions have one id")
        expect_equal(left.session._request_id, right.session._request_id, "ids of both sessions")
        async with anyio.create_task_group() as group:
            group.start_soon(twenty, left, "left")
            group.start_soon(twenty, right, "right")


async def terminate(peer: Peer) -> None:
    """Leaving the client ends the session: its id is answered with 404 from then on."""
    async with Peer(peer.url).open() as other:
        session_id = other.session_id()
        expect(session_id, "no session id")
    async with httpx.AsyncClient() as http:
        answer = await http.post(
            peer.url,
            headers={
                "accept": "application/json, text/event-stream",
                "mcp-session-id": session_id,
                "mcp-protocol-version": PROTOCOL,
            },
            json={"jsonrpc": "2.0", "id": 1, "method": "ping"},
        )
    expect_equal(answer.status_code, 404, "status after the end")


async def quiet(peer: Peer) -> None:
    """Nothing came in the whole session that the client could not place."""
    expect(not peer.exceptions, f"unplaced: {peer.exceptions}")
