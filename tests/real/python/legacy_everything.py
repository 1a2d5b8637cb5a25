"""Checks of @modelcontextprotocol/server-everything with the client of `mcp` 1.x."""

import base64

import anyio
from checks import PROTOCOL, check, expect, expect_equal
from legacy_peer import (
    Losing,
    Peer,
    cancel_after_progress,
    progress_of,
    quiet,
    refused,
    same_ids,
    terminate,
)
from mcp import types
from pydantic import AnyUrl


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
