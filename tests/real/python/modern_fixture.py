"""Checks of the server on the seat of pontoon's core with the client of `mcp` 2.x."""

import json

from checks import MODERN, check, expect, expect_equal
from mcp import Client, types
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
    await cancel_after_progress(peer, "slow", {"steps": 100, "interval_ms": 300})
