"""Drives an MCP endpoint with the client of `mcp` 2.x, in the era that has no sessions.

    modern.py {time,everything,fixture,sdk,crossing,legacy-only} URL

It asks first for the modern era and, where that is not served, falls back to `initialize`; only
`legacy-only` is to be such an endpoint. Prints what `client.py` prints.
"""

import json
from contextlib import asynccontextmanager
from typing import Any, Awaitable, Callable
from urllib.parse import urljoin
from urllib.request import urlopen

import anyio
from checks import MODERN, PROTOCOL, check, expect, expect_equal, expect_rising, main
from mcp import Client, MCPError
from mcp import types
from mcp.client.subscriptions import ResourceUpdated, Subscription

LONG = "trigger-long-running-operation"
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
    """Drops a call of several seconds once it shows progress: that is how this era cancels."""
    shown = anyio.Event()

    async def on_progress(_progress, _total, _message) -> None:
        shown.set()

    async with anyio.create_task_group() as group:
        group.start_soon(lambda: peer.call(tool, arguments, progress_callback=on_progress))
        with anyio.fail_after(8):
            await shown.wait()
        expect_equal(await in_flight(peer.url), 1, "requests in flight before")
        group.cancel_scope.cancel()
    with anyio.move_on_after(2):
        while await in_flight(peer.url):
            await anyio.sleep(0.02)
    expect_equal(await in_flight(peer.url), 0, "requests in flight 2 s after the client left")


async def crossing(peer: Peer, ask: Callable[[Peer], Awaitable[str]], mode: str = "auto") -> None:
    """Two users, the second of any era, answer one question at one time, each in their own way."""

    async def one(user: Peer) -> None:
        text = await ask(user)
        other = {"Grace": "Edsger", "Edsger": "Grace"}[user.name]
        expect(user.name in text and other not in text, f"{user.name} was told {text!r}")

    grace, edsger = Peer(peer.url, "Grace"), Peer(peer.url, "Edsger")
    async with grace.open(), edsger.open(mode=mode):
        for turn in range(1, 6):

            async def both_asked() -> None:
                with anyio.fail_after(8):
                    while min(len(grace.elicited), len(edsger.elicited)) < turn:
                        await anyio.sleep(0.01)

            grace.hesitate = edsger.hesitate = both_asked
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


# --- mcp-server-time -----------------------------------------------------------------------------


@check("time")
async def time_discover(peer: Peer) -> None:
    expect_equal(peer.client.protocol_version, MODERN, "protocol version")
    expect_equal(peer.client.server_info.name, "mcp-time", "server name")


@check("time")
async def time_list_tools(peer: Peer) -> None:
    tools = {tool.name: tool for tool in (await peer.client.list_tools()).tools}
    expect_equal(sorted(tools), ["convert_time", "get_current_time"], "tools")
    expect("timezone" in tools["get_current_time"].input_schema["properties"], "no input schema")


@check("time")
async def time_get_current_time(peer: Peer) -> None:
    result = await peer.client.call_tool("get_current_time", {"timezone": "Asia/Kathmandu"})
    expect_equal(result.structured_content["timezone"], "Asia/Kathmandu", "timezone")


@check("time")
async def time_invalid_timezone(peer: Peer) -> None:
    result = await peer.client.call_tool("get_current_time", {"timezone": "Mars/Olympus"})
    expect(result.is_error, f"expected an error result, saw {result}")
    expect("Invalid timezone" in result.content[0].text, f"text: {result.content[0].text!r}")


@check("time")
async def time_unknown_tool(peer: Peer) -> None:
    error = await refused(peer.client.call_tool("no_such_tool", {}))
    expect_equal(error.code, types.INVALID_PARAMS, "code")


@check("time")
async def time_at_once(peer: Peer) -> None:
    async def one(zone: str) -> None:
        answer = json.loads(await peer.call("get_current_time", {"timezone": zone}))
        expect_equal(answer["timezone"], zone, "answer for")

    async with anyio.create_task_group() as group:
        for zone in ["UTC", "Asia/Tokyo", "Europe/Paris", "America/Lima"] * 5:
            group.start_soon(one, zone)


# --- @modelcontextprotocol/server-everything -----------------------------------------------------


@check("everything")
async def everything_no_roots(peer: Peer) -> None:
    """The server asks every client for its roots a moment after it opened; here it is none's."""
    async with Client(peer.url) as bare:
        arguments = {"duration": 1, "steps": 2}
        result = await bare.call_tool(LONG, arguments)
        expect("completed" in result.content[0].text, f"result: {result}")


@check("everything")
async def everything_discover(peer: Peer) -> None:
    expect_equal(peer.client.protocol_version, MODERN, "protocol version")
    expect_equal(peer.client.server_info.name, "mcp-servers/everything", "server name")
    expect(peer.client.server_capabilities.resources.subscribe, "capabilities changed on the way")
    expect(peer.client.instructions, "instructions lost on the way")


@check("everything")
async def everything_list_tools(peer: Peer) -> None:
    names = {tool.name for tool in (await peer.client.list_tools()).tools}
    asking = {"trigger-sampling-request", "trigger-elicitation-request", "get-roots-list"}
    expect(asking | {"echo", "get-sum"} <= names, f"tools: {sorted(names)}")


@check("everything")
async def everything_get_prompt(peer: Peer) -> None:
    names = {prompt.name for prompt in (await peer.client.list_prompts()).prompts}
    expect({"simple-prompt", "args-prompt"} <= names, f"prompts: {sorted(names)}")
    prompt = await peer.client.get_prompt("args-prompt", {"city": "Zürich", "state": "ZH"})
    expect("Zürich" in prompt.messages[0].content.text, f"prompt: {prompt.messages}")


@check("everything")
async def everything_read_resource(peer: Peer) -> None:
    expect(len((await peer.client.list_resources()).resources) >= 5, "resources are missing")
    listed = (await peer.client.list_resource_templates()).resource_templates
    templates = {template.uri_template for template in listed}
    expect("demo://resource/dynamic/text/{resourceId}" in templates, f"templates: {templates}")
    contents = (await peer.client.read_resource("demo://resource/dynamic/text/7")).contents
    expect("Resource 7" in contents[0].text, f"contents: {contents}")


@check("everything")
async def everything_unknown_resource(peer: Peer) -> None:
    error = await refused(peer.client.read_resource("demo://no/such/resource"))
    expect_equal(error.code, types.INVALID_PARAMS, "code")


@check("everything")
async def everything_complete(peer: Peer) -> None:
    reference = types.PromptReference(type="ref/prompt", name="completable-prompt")
    done = await peer.client.complete(reference, {"name": "department", "value": "S"})
    expect_equal(sorted(done.completion.values), ["Sales", "Support"], "completion")


@check("everything")
async def everything_echo(peer: Peer) -> None:
    expect_equal(await peer.call("echo", {"message": MESSAGE}), f"Echo: {MESSAGE}", "echo")
    text = await peer.call("echo", {"message": MEGABYTE})
    expect(text == f"Echo: {MEGABYTE}", "a long echo differs")


@check("everything")
async def everything_structured(peer: Peer) -> None:
    result = await peer.client.call_tool("get-structured-content", {"location": "New York"})
    expect("temperature" in result.structured_content, f"structured: {result}")


@check("everything")
async def everything_bad_arguments(peer: Peer) -> None:
    result = await peer.client.call_tool("get-sum", {"a": "two"})
    expect(result.is_error, f"expected an error result, saw {result}")


@check("everything")
async def everything_progress(peer: Peer) -> None:
    values, text = await progress_of(peer, LONG, {"duration": 0.5, "steps": 5})
    expect_equal(values, [1, 2, 3, 4, 5], "progress")
    expect("completed" in text, f"result: {text!r}")


@check("everything")
async def everything_sampling(peer: Peer) -> None:
    text = await peer.call("trigger-sampling-request", {"prompt": "bridge?", "maxTokens": 7})
    expect_equal([p.max_tokens for p in peer.sampled], [7], "sampling requests")
    expect(SAMPLED in text, f"the client's answer did not arrive: {text!r}")


@check("everything")
async def everything_elicitation(peer: Peer) -> None:
    text = await peer.call("trigger-elicitation-request")
    expect_equal(len(peer.elicited), 1, "elicitation requests")
    expect("Ada Lovelace" in text, f"the client's answer did not arrive: {text!r}")


@check("everything")
async def everything_url_elicitation(peer: Peer) -> None:
    before = len(peer.elicited)
    text = await peer.call("trigger-url-elicitation", {"url": "https://example.org/consent"})
    expect_equal([e.url for e in peer.elicited[before:]], ["https://example.org/consent"], "urls")
    expect("accept" in text.lower(), f"the client's answer did not arrive: {text!r}")


@check("everything")
async def everything_url_elicitation_error(peer: Peer) -> None:
    """What the server says with an error of its era, this era says with a question."""
    before = len(peer.elicited)
    arguments = {"url": "https://example.org/error", "errorPath": True}
    text = await peer.call("trigger-url-elicitation", arguments)
    expect(len(peer.elicited) > before, "nobody was asked")
    expect("accept" in text.lower(), f"the client's answer did not arrive: {text!r}")


@check("everything")
async def everything_decline(peer: Peer) -> None:
    async with Peer(peer.url).open() as other:
        other.action = "decline"
        text = await other.call("trigger-elicitation-request")
    expect("declined" in text, f"the client's answer did not arrive: {text!r}")


@check("everything")
async def everything_roots(peer: Peer) -> None:
    text = await peer.call("get-roots-list")
    expect("file:///real/root" in text, f"roots: {text!r}")
    expect(peer.roots_asked >= 1, "the server never asked for roots")


@check("everything")
async def everything_crossing(peer: Peer) -> None:
    await crossing(peer, lambda user: user.call("trigger-elicitation-request"))


@check("everything")
async def everything_crossing_eras(peer: Peer) -> None:
    await crossing(peer, lambda user: user.call("trigger-elicitation-request"), "legacy")


@check("everything")
async def everything_cancel(peer: Peer) -> None:
    await cancel_after_progress(peer, LONG, {"duration": 8, "steps": 40})


@check("everything")
async def everything_list_changed(peer: Peer) -> None:
    async with peer.client.listen(resources_list_changed=True) as subscription:
        expect(subscription.honored.resources_list_changed, f"honored: {subscription.honored}")
        data = "data:text/plain;base64,cG9udG9vbg=="
        arguments = {"name": "real.gz", "data": data, "outputType": "resourceLink"}
        await event_of(subscription, peer.call("gzip-file-as-resource", arguments))
    names = [resource.name for resource in (await peer.client.list_resources()).resources]
    expect("real.gz" in names, f"resources: {names}")


@check("everything")
async def everything_resource_updated(peer: Peer) -> None:
    uri = "demo://resource/dynamic/text/1"
    async with peer.client.listen(resource_subscriptions=[uri]) as subscription:
        event = await event_of(subscription, peer.call("toggle-subscriber-updates"))
        expect_equal(event, ResourceUpdated(uri=uri), "event")
        await peer.call("toggle-subscriber-updates")


@check("everything")
async def everything_removed_method(peer: Peer) -> None:
    error = await refused(peer.client.send_ping())
    expect_equal(error.code, types.METHOD_NOT_FOUND, "code")


@check("everything")
async def everything_at_once(peer: Peer) -> None:
    await at_once(peer, "Echo: ")


@check("everything")
async def everything_legacy_mode(peer: Peer) -> None:
    """The same program in the era before, at the same endpoint."""
    async with Peer(peer.url).open(mode="legacy") as other:
        expect_equal(other.client.protocol_version, PROTOCOL, "protocol version")
        expect("Ada Lovelace" in await other.call("trigger-elicitation-request"), "no answer")


# --- the server on the seat of pontoon's core ----------------------------------------------------


@check("fixture")
async def fixture_discover(peer: Peer) -> None:
    expect_equal(peer.client.protocol_version, MODERN, "protocol version")
    expect_equal(peer.client.server_info.name, "fixture", "server name")


@check("fixture")
async def fixture_list_tools(peer: Peer) -> None:
    names = {tool.name for tool in (await peer.client.list_tools()).tools}
    expect({"add", "announce", "ask", "echo", "slow"} <= names, f"tools: {sorted(names)}")


@check("fixture")
async def fixture_echo(peer: Peer) -> None:
    expect_equal(await peer.call("echo", {"message": MESSAGE}), MESSAGE, "echo")
    expect(await peer.call("echo", {"message": MEGABYTE}) == MEGABYTE, "a long echo differs")


@check("fixture")
async def fixture_add(peer: Peer) -> None:
    result = await peer.client.call_tool("add", {"a": 2, "b": 40.5})
    expect_equal(result.structured_content, {"sum": 42.5}, "structured content")


@check("fixture")
async def fixture_header(peer: Peer) -> None:
    """An argument that the request repeats in a header, encoded, because of what it is."""
    text = await peer.call("test_header_param", {"region": " Zürich 🌉 "})
    expect_equal(text, "Region:  Zürich 🌉 ", "argument")


@check("fixture")
async def fixture_bad_arguments(peer: Peer) -> None:
    error = await refused(peer.client.call_tool("add", {"a": "two", "b": 1}))
    expect_equal(error.code, types.INVALID_PARAMS, "code")


@check("fixture")
async def fixture_unknown_tool(peer: Peer) -> None:
    error = await refused(peer.client.call_tool("no-such-tool", {}))
    expect_equal(error.code, types.INVALID_PARAMS, "code")


@check("fixture")
async def fixture_unknown_resource(peer: Peer) -> None:
    error = await refused(peer.client.read_resource("test://no-such-resource"))
    expect_equal(error.code, types.INVALID_PARAMS, "code")


@check("fixture")
async def fixture_prompts_and_resources(peer: Peer) -> None:
    prompt = await peer.client.get_prompt(
        "test_prompt_with_arguments", {"arg1": "hello", "arg2": "world"}
    )
    expect("world" in prompt.messages[0].content.text, f"prompt: {prompt}")
    contents = (await peer.client.read_resource("test://template/7/data")).contents
    expect_equal(json.loads(contents[0].text)["id"], "7", "id")
    reference = types.PromptReference(type="ref/prompt", name="test_prompt_with_arguments")
    done = await peer.client.complete(reference, {"name": "arg1", "value": "test"})
    expect("testValue1" in done.completion.values, f"completion: {done}")


@check("fixture")
async def fixture_progress(peer: Peer) -> None:
    values, _ = await progress_of(peer, "slow", {"steps": 5, "interval_ms": 100})
    expect_equal(values, [1, 2, 3, 4, 5], "progress")


@check("fixture")
async def fixture_ask_one_by_one(peer: Peer) -> None:
    text = await peer.call("ask", {"question": "bridge?"})
    expect_equal((len(peer.sampled), len(peer.elicited)), (1, 1), "questions")
    expect(SAMPLED in text and "Ada Lovelace" in text, f"text: {text!r}")


@check("fixture")
async def fixture_ask_all_at_once(peer: Peer) -> None:
    text = await peer.call("test_input_required_result_multiple_inputs")
    for said in ("Ada Lovelace", "sampled", "file:///real/root"):
        expect(said in text, f"no {said} in {text!r}")


@check("fixture")
async def fixture_ask_in_a_prompt(peer: Peer) -> None:
    prompt = await peer.client.get_prompt("test_input_required_result_prompt")
    expect("Ada Lovelace" in prompt.messages[0].content.text, f"prompt: {prompt}")


@check("fixture")
async def fixture_cannot_be_asked(peer: Peer) -> None:
    async with Client(peer.url) as bare:
        error = await refused(bare.call_tool("test_input_required_result_elicitation"))
    expect_equal(error.code, types.MISSING_REQUIRED_CLIENT_CAPABILITY, "code")
    expect("elicitation" in error.data["requiredCapabilities"], f"data: {error.data}")


@check("fixture", "crossing")
async def fixture_crossing(peer: Peer) -> None:
    await crossing(peer, lambda user: user.call("test_input_required_result_elicitation"))


@check("fixture", "crossing")
async def fixture_crossing_eras(peer: Peer) -> None:
    await crossing(peer, lambda user: user.call("test_input_required_result_elicitation"), "legacy")


@check("fixture")
async def fixture_logging(peer: Peer) -> None:
    await peer.call("test_tool_with_logging")
    expect_equal(peer.logged, [], "told without having asked")
    async with Peer(peer.url).open(log_level="debug") as other:
        await other.call("test_tool_with_logging")
        expect_equal(len(other.logged), 3, "log messages before the result")


@check("fixture")
async def fixture_list_changed(peer: Peer) -> None:
    async with peer.client.listen(tools_list_changed=True) as tools:
        async with peer.client.listen(prompts_list_changed=True) as prompts:
            await event_of(prompts, peer.call("test_trigger_prompt_change"))
        await event_of(tools, peer.call("announce"))


@check("fixture")
async def fixture_at_once(peer: Peer) -> None:
    await at_once(peer)


@check("fixture")
async def fixture_cancel(peer: Peer) -> None:
    await cancel_after_progress(peer, "slow", {"steps": 50, "interval_ms": 100})


# --- a server on the seat of mcp 2.x -------------------------------------------------------------


@check("sdk")
async def sdk_discover(peer: Peer) -> None:
    expect_equal(peer.client.protocol_version, MODERN, "protocol version")
    expect_equal(peer.client.server_info.name, "real-sdk", "server name")
    expect(peer.client.instructions, "instructions lost on the way")


@check("sdk")
async def sdk_ask(peer: Peer) -> None:
    expect("Ada Lovelace" in await peer.call("name"), "the user's answer did not arrive")
    text = await peer.call("everything")
    for said in ("Ada Lovelace", SAMPLED, "file:///real/root"):
        expect(said in text, f"no {said} in {text!r}")


@check("sdk")
async def sdk_url_elicitation(peer: Peer) -> None:
    text = await peer.call("consent", {"url": "https://example.org/consent"})
    expect_equal(text, "consent: accept", "text")
    expect_equal(peer.elicited[-1].url, "https://example.org/consent", "url")


@check("sdk")
async def sdk_crossing(peer: Peer) -> None:
    await crossing(peer, lambda user: user.call("name"))


@check("sdk")
async def sdk_crossing_eras(peer: Peer) -> None:
    await crossing(peer, lambda user: user.call("name"), "legacy")


@check("sdk")
async def sdk_prompts_and_resources(peer: Peer) -> None:
    prompt = await peer.client.get_prompt("greet", {"city": "Zürich"})
    expect("Zürich" in prompt.messages[0].content.text, f"prompt: {prompt}")
    contents = (await peer.client.read_resource("note://7")).contents
    expect_equal(contents[0].text, "Note 7", "contents")
    error = await refused(peer.client.read_resource("nothing://1"))
    expect_equal(error.code, types.INVALID_PARAMS, "code")
    reference = types.PromptReference(type="ref/prompt", name="greet")
    done = await peer.client.complete(reference, {"name": "city", "value": "Z"})
    expect_equal(done.completion.values, ["Zagreb", "Zürich"], "completion")


@check("sdk")
async def sdk_progress(peer: Peer) -> None:
    values, _ = await progress_of(peer, "count", {"steps": 5, "interval": 0.1})
    expect_equal(values, [1, 2, 3, 4, 5], "progress")


@check("sdk")
async def sdk_listen(peer: Peer) -> None:
    async with peer.client.listen(tools_list_changed=True) as tools:
        async with peer.client.listen(resource_subscriptions=["note://1"]) as notes:
            event = await event_of(notes, peer.call("touch"))
            expect_equal(event, ResourceUpdated(uri="note://1"), "event")
        await event_of(tools, anyio.lowlevel.checkpoint())


@check("sdk")
async def sdk_cancel(peer: Peer) -> None:
    await cancel_after_progress(peer, "count", {"steps": 50, "interval": 0.1})


# --- an endpoint that serves the legacy era only -------------------------------------------------


@check("legacy-only")
async def falls_back(peer: Peer) -> None:
    expect_equal(peer.client.protocol_version, PROTOCOL, "protocol version")
    await peer.call("get_current_time", {"timezone": "UTC"})


# --- all of them ---------------------------------------------------------------------------------


@check("time", "everything", "fixture", "sdk", "crossing", "legacy-only")
async def quiet(peer: Peer) -> None:
    """Nothing came that the client could not place."""
    expect(not peer.exceptions, f"unplaced: {peer.exceptions}")


if __name__ == "__main__":
    main(__doc__.splitlines()[0], lambda url: Peer(url).open())
