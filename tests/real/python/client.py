"""Drives an MCP endpoint with the `mcp` client, as a program that uses it would.

    client.py {time,everything,sdk} URL

Prints the names of all checks of the target first (`plan a b c`), then for each one either
`ok NAME` or `FAIL NAME: why`; see `run`, which counts them.
"""

import base64
import json
import re
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any, Awaitable, Callable

import anyio
import httpx
from checks import CHECK_SECONDS, PROTOCOL, check, expect, expect_equal, expect_rising, main
from mcp import ClientSession, McpError, types
from mcp.client.streamable_http import streamablehttp_client
from pydantic import AnyUrl


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

    async def on_sampling(
        self, _context, params
    ) -> types.CreateMessageResult | types.ErrorData:
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


# --- mcp-server-time -----------------------------------------------------------------------------


@check("time")
async def time_initialize(peer: Peer) -> None:
    expect_equal(peer.initialized.serverInfo.name, "mcp-time", "server name")
    expect_equal(peer.initialized.protocolVersion, PROTOCOL, "protocol version")
    expect(re.fullmatch(r"[\x21-\x7e]+", peer.session_id() or ""), f"id {peer.session_id()!r}")


@check("time")
async def time_list_tools(peer: Peer) -> None:
    tools = {tool.name: tool for tool in (await peer.session.list_tools()).tools}
    expect_equal(sorted(tools), ["convert_time", "get_current_time"], "tools")
    expect("timezone" in tools["get_current_time"].inputSchema["properties"], "no input schema")


@check("time")
async def time_get_current_time(peer: Peer) -> None:
    answer = json.loads(await peer.call("get_current_time", {"timezone": "Asia/Kathmandu"}))
    expect_equal(answer["timezone"], "Asia/Kathmandu", "timezone")
    expect(answer["datetime"].endswith("+05:45"), f"offset of {answer['datetime']}")


@check("time")
async def time_convert_time(peer: Peer) -> None:
    arguments = {"source_timezone": "UTC", "time": "16:30", "target_timezone": "Asia/Tokyo"}
    answer = json.loads(await peer.call("convert_time", arguments))
    expect("T01:30:00+09:00" in answer["target"]["datetime"], f"16:30 UTC is {answer['target']}")
    expect_equal(answer["time_difference"], "+9.0h", "difference")


@check("time")
async def time_invalid_timezone(peer: Peer) -> None:
    result = await peer.session.call_tool("get_current_time", {"timezone": "Mars/Olympus"})
    expect(result.isError, f"expected an error result, saw {result}")
    expect("Invalid timezone" in result.content[0].text, f"text: {result.content[0].text!r}")


@check("time")
async def time_unknown_tool(peer: Peer) -> None:
    error = await refused(peer.session.call_tool("no_such_tool", {}))
    expect_equal(error.code, types.INVALID_PARAMS, "code")


@check("time")
async def time_at_once(peer: Peer) -> None:
    zones = ["UTC", "Asia/Tokyo", "Europe/Paris", "America/Lima"] * 5

    async def one(zone: str) -> None:
        answer = json.loads(await peer.call("get_current_time", {"timezone": zone}))
        expect_equal(answer["timezone"], zone, "answer for")

    async with anyio.create_task_group() as group:
        for zone in zones:
            group.start_soon(one, zone)


@check("time")
async def time_ping(peer: Peer) -> None:
    await peer.session.send_ping()


@check("time")
async def time_terminate(peer: Peer) -> None:
    await terminate(peer)


@check("time")
async def time_quiet(peer: Peer) -> None:
    await quiet(peer)


# --- @modelcontextprotocol/server-everything -----------------------------------------------------


@check("everything")
async def everything_initialize(peer: Peer) -> None:
    expect_equal(peer.initialized.serverInfo.name, "mcp-servers/everything", "server name")
    expect_equal(peer.initialized.protocolVersion, PROTOCOL, "protocol version")
    expect(peer.initialized.capabilities.resources.subscribe, "capabilities changed on the way")
    expect(peer.initialized.instructions, "instructions lost on the way")


@check("everything")
async def everything_list_tools(peer: Peer) -> None:
    names = {tool.name for tool in (await peer.session.list_tools()).tools}
    # The last three exist only for a client whose capabilities reached the server.
    wanted = {"echo", "get-sum", "trigger-sampling-request", "trigger-elicitation-request"}
    expect(wanted | {"get-roots-list"} <= names, f"tools: {sorted(names)}")


@check("everything")
async def everything_list_prompts(peer: Peer) -> None:
    names = {prompt.name for prompt in (await peer.session.list_prompts()).prompts}
    expect({"simple-prompt", "args-prompt"} <= names, f"prompts: {sorted(names)}")


@check("everything")
async def everything_get_prompt(peer: Peer) -> None:
    prompt = await peer.session.get_prompt("args-prompt", {"city": "Zürich", "state": "ZH"})
    expect("Zürich" in prompt.messages[0].content.text, f"prompt: {prompt.messages}")


@check("everything")
async def everything_list_resources(peer: Peer) -> None:
    listed = await peer.session.list_resources()
    expect(len(listed.resources) >= 5, f"resources: {listed.resources}")


@check("everything")
async def everything_list_resource_templates(peer: Peer) -> None:
    listed = await peer.session.list_resource_templates()
    templates = {template.uriTemplate for template in listed.resourceTemplates}
    expect("demo://resource/dynamic/text/{resourceId}" in templates, f"templates: {templates}")


@check("everything")
async def everything_read_resource(peer: Peer) -> None:
    uri = AnyUrl("demo://resource/dynamic/text/7")
    contents = (await peer.session.read_resource(uri)).contents
    expect("Resource 7" in contents[0].text, f"contents: {contents}")


@check("everything")
async def everything_complete(peer: Peer) -> None:
    reference = types.PromptReference(type="ref/prompt", name="completable-prompt")
    done = await peer.session.complete(reference, {"name": "department", "value": "S"})
    expect_equal(sorted(done.completion.values), ["Sales", "Support"], "completion")


@check("everything")
async def everything_echo(peer: Peer) -> None:
    message = 'grüße 🌉 "quoted" \\ \u2028 \u0000 tab\t line\nend'
    expect_equal(await peer.call("echo", {"message": message}), f"Echo: {message}", "echo")


@check("everything")
async def everything_echo_megabyte(peer: Peer) -> None:
    message = "0123456789abcdef" * 65536
    expect(await peer.call("echo", {"message": message}) == f"Echo: {message}", "echo differs")


@check("everything")
async def everything_sum(peer: Peer) -> None:
    text = await peer.call("get-sum", {"a": 2, "b": 40.5})
    expect_equal(text, "The sum of 2 and 40.5 is 42.5.", "sum")


@check("everything")
async def everything_image(peer: Peer) -> None:
    result = await peer.session.call_tool("get-tiny-image", {})
    images = [c for c in result.content if isinstance(c, types.ImageContent)]
    expect(base64.b64decode(images[0].data).startswith(b"\x89PNG"), "not a PNG")


@check("everything")
async def everything_structured(peer: Peer) -> None:
    result = await peer.session.call_tool("get-structured-content", {"location": "New York"})
    expect("temperature" in result.structuredContent, f"structured: {result.structuredContent}")


@check("everything")
async def everything_bad_arguments(peer: Peer) -> None:
    result = await peer.session.call_tool("get-sum", {"a": "two"})
    expect(result.isError, f"expected an error result, saw {result}")


@check("everything")
async def everything_error_code(peer: Peer) -> None:
    reference = types.PromptReference(type="ref/prompt", name="no-such-prompt")
    error = await refused(peer.session.complete(reference, {"name": "x", "value": "y"}))
    expect_equal(error.code, types.INVALID_PARAMS, "code")


@check("everything")
async def everything_progress(peer: Peer) -> None:
    arguments = {"duration": 1, "steps": 5}
    values, text = await progress_of(peer, "trigger-long-running-operation", arguments)
    expect_equal(values, [1, 2, 3, 4, 5], "progress")
    expect("completed" in text, f"result: {text!r}")


@check("everything")
async def everything_sampling(peer: Peer) -> None:
    text = await peer.call("trigger-sampling-request", {"prompt": "bridge?", "maxTokens": 7})
    expect_equal([p.maxTokens for p in peer.sampled], [7], "sampling requests")
    expect("sampled: grüße 🌉" in text, f"the client's answer did not arrive: {text!r}")


@check("everything")
async def everything_elicitation(peer: Peer) -> None:
    text = await peer.call("trigger-elicitation-request")
    expect_equal(len(peer.elicited), 1, "elicitation requests")
    expect("Ada Lovelace" in text, f"the client's answer did not arrive: {text!r}")


@check("everything")
async def everything_url_elicitation_error(peer: Peer) -> None:
    arguments = {"url": "https://example.org/consent", "errorPath": True}
    error = await refused(peer.session.call_tool("trigger-url-elicitation", arguments))
    expect_equal(error.code, -32042, "code")
    expect_equal([e["mode"] for e in error.data["elicitations"]], ["url"], "data of the error")


@check("everything")
async def everything_roots(peer: Peer) -> None:
    text = await peer.call("get-roots-list")
    expect("file:///real/root" in text, f"roots: {text!r}")
    expect(peer.roots_asked >= 1, "the server never asked for roots")


@check("everything")
async def everything_logging(peer: Peer) -> None:
    await peer.session.set_logging_level("debug")
    await peer.session.subscribe_resource(AnyUrl("demo://resource/dynamic/text/1"))
    await peer.hear(
        types.LoggingMessageNotification,
        matching=lambda n: "Received Subscribe Resource request" in str(n.params.data),
    )


@check("everything")
async def everything_resource_updated(peer: Peer) -> None:
    await peer.call("toggle-subscriber-updates")
    updated = await peer.hear(types.ResourceUpdatedNotification)
    await peer.call("toggle-subscriber-updates")
    expect_equal(str(updated.params.uri), "demo://resource/dynamic/text/1", "uri")


@check("everything")
async def everything_list_changed(peer: Peer) -> None:
    before = len(peer.heard(types.ResourceListChangedNotification))
    data = "data:text/plain;base64,cG9udG9vbg=="
    arguments = {"name": "real.gz", "data": data, "outputType": "resourceLink"}
    await peer.call("gzip-file-as-resource", arguments)
    await peer.hear(types.ResourceListChangedNotification, after=before)
    names = [r.name for r in (await peer.session.list_resources()).resources]
    expect("real.gz" in names, f"resources: {names}")


@check("everything")
async def everything_ping(peer: Peer) -> None:
    await peer.session.send_ping()


@check("everything")
async def everything_at_once(peer: Peer) -> None:
    async def one(n: int) -> None:
        expect_equal(await peer.call("echo", {"message": f"m{n}"}), f"Echo: m{n}", "echo")

    async with anyio.create_task_group() as group:
        for n in range(50):
            group.start_soon(one, n)


@check("everything")
async def everything_cancel(peer: Peer) -> None:
    arguments = {"duration": 2, "steps": 10}
    await cancel_after_progress(peer, "trigger-long-running-operation", arguments, wait=2.5)


@check("everything")
async def everything_resume(peer: Peer) -> None:
    connection = Losing()
    async with Peer(peer.url, connection).open() as other:
        arguments = {"duration": 2, "steps": 5}
        values, _ = await progress_of(other, "trigger-long-running-operation", arguments)
    expect(connection.lost, "the connection was never lost")
    expect(connection.resumed_from, "the client did not resume: its events had no ids")
    expect_equal(values, [1, 2, 3, 4, 5], "progress over both streams")


@check("everything")
async def everything_same_ids(peer: Peer) -> None:
    await same_ids(peer, "echo")


@check("everything")
async def everything_terminate(peer: Peer) -> None:
    await terminate(peer)


@check("everything")
async def everything_quiet(peer: Peer) -> None:
    await quiet(peer)


# --- a server on the seat of mcp 2.x, which is spoken to in the modern era ------------------------


@check("sdk")
async def sdk_initialize(peer: Peer) -> None:
    expect_equal(peer.initialized.serverInfo.name, "real-sdk", "server name")
    expect_equal(peer.initialized.protocolVersion, PROTOCOL, "protocol version")
    expect(peer.initialized.instructions, "instructions lost on the way")


@check("sdk")
async def sdk_ask(peer: Peer) -> None:
    text = await peer.call("everything")
    for said in ("Ada Lovelace", "sampled: grüße 🌉", "file:///real/root"):
        expect(said in text, f"no {said} in {text!r}")
    asked = (len(peer.elicited), len(peer.sampled), peer.roots_asked)
    expect_equal(asked, (1, 1, 1), "questions")


@check("sdk")
async def sdk_url_elicitation(peer: Peer) -> None:
    text = await peer.call("consent", {"url": "https://example.org/consent"})
    expect_equal(text, "consent: accept", "text")
    asked = peer.elicited[-1]
    expect_equal(asked.url, "https://example.org/consent", "url")
    done = await peer.hear(types.ElicitCompleteNotification)
    expect_equal(done.params.elicitationId, asked.elicitationId, "what is complete")


@check("sdk")
async def sdk_crossing(peer: Peer) -> None:
    """Two users answer the same question at the same time, each in their own way."""

    async def one(user: Peer, other: Peer) -> None:
        text = await user.call("name")
        right = user.name in text and other.name not in text
        expect(right, f"{user.name} was told {text!r}")

    async with Peer(peer.url).open() as grace, Peer(peer.url).open() as edsger:
        grace.name, edsger.name = "Grace", "Edsger"
        for turn in range(1, 6):

            async def both_asked() -> None:
                with anyio.fail_after(8):
                    while min(len(grace.elicited), len(edsger.elicited)) < turn:
                        await anyio.sleep(0.01)

            grace.hesitate = edsger.hesitate = both_asked
            async with anyio.create_task_group() as group:
                group.start_soon(one, grace, edsger)
                group.start_soon(one, edsger, grace)


@check("sdk")
async def sdk_decline(peer: Peer) -> None:
    async with Peer(peer.url).open() as other:
        other.action = "decline"
        result = await other.session.call_tool("name", {})
        expect(result.isError, f"expected an error result, saw {result}")


@check("sdk")
async def sdk_refuse(peer: Peer) -> None:
    """The model's owner refuses; the era of the server has no words for that."""
    async with Peer(peer.url).open() as other:
        other.refuses = True
        error = await refused(other.session.call_tool("everything", {}))
        expect(error.message, "nothing says why")
        expect_equal(await other.call("echo", {"message": "still"}), "still", "what comes after")


@check("sdk")
async def sdk_prompts_and_resources(peer: Peer) -> None:
    prompt = await peer.session.get_prompt("greet", {"city": "Zürich"})
    expect("Zürich" in prompt.messages[0].content.text, f"prompt: {prompt}")
    contents = (await peer.session.read_resource(AnyUrl("note://7"))).contents
    expect_equal(contents[0].text, "Note 7", "contents")
    reference = types.PromptReference(type="ref/prompt", name="greet")
    done = await peer.session.complete(reference, {"name": "city", "value": "Z"})
    expect_equal(done.completion.values, ["Zagreb", "Zürich"], "completion")


@check("sdk")
async def sdk_unknown_resource(peer: Peer) -> None:
    error = await refused(peer.session.read_resource(AnyUrl("nothing://1")))
    expect_equal(error.code, -32002, "code")


@check("sdk")
async def sdk_progress(peer: Peer) -> None:
    values, _ = await progress_of(peer, "count", {"steps": 5, "interval": 0.1})
    expect_equal(values, [1, 2, 3, 4, 5], "progress")


@check("sdk")
async def sdk_changes(peer: Peer) -> None:
    await peer.session.subscribe_resource(AnyUrl("note://1"))
    await peer.call("touch")
    await peer.hear(types.ToolListChangedNotification)
    updated = await peer.hear(types.ResourceUpdatedNotification)
    expect_equal(str(updated.params.uri), "note://1", "uri")
    await peer.session.unsubscribe_resource(AnyUrl("note://1"))
    await peer.call("touch")
    await peer.hear(types.ToolListChangedNotification, after=1)
    expect_equal(len(peer.heard(types.ResourceUpdatedNotification)), 1, "updates")


@check("sdk")
async def sdk_ping(peer: Peer) -> None:
    await peer.session.send_ping()


@check("sdk")
async def sdk_cancel(peer: Peer) -> None:
    await cancel_after_progress(peer, "count", {"steps": 20, "interval": 0.1}, wait=2.0)


@check("sdk")
async def sdk_resume(peer: Peer) -> None:
    connection = Losing()
    async with Peer(peer.url, connection).open() as other:
        values, _ = await progress_of(other, "count", {"steps": 5, "interval": 0.3})
    expect(connection.lost, "the connection was never lost")
    expect(connection.resumed_from, "the client did not resume: its events had no ids")
    expect_equal(values, [1, 2, 3, 4, 5], "progress over both streams")


@check("sdk")
async def sdk_quiet(peer: Peer) -> None:
    await quiet(peer)


if __name__ == "__main__":
    main(__doc__.splitlines()[0], lambda url: Peer(url).open())
