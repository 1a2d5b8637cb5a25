"""Checks of @modelcontextprotocol/server-everything with the client of `mcp` 2.x."""

from checks import MODERN, PROTOCOL, check, expect, expect_equal
from mcp import Client, types
from mcp.client.subscriptions import ResourceUpdated
from modern_peer import (
    MEGABYTE,
    MESSAGE,
    SAMPLED,
    Peer,
    at_once,
    cancel_after_progress,
    crossing,
    event_of,
    progress_of,
    refused,
)

LONG = "trigger-long-running-operation"


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
    await cancel_after_progress(peer, LONG, {"duration": 30, "steps": 150})


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
