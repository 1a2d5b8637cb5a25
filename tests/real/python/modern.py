"""Drives an MCP endpoint with the client of `mcp` 2.x, in the era that has no sessions.

    modern.py {time,everything,fixture,sdk,crossing,legacy-only} URL

It asks first for the modern era and, where that is not served, falls back to `initialize`; only
`legacy-only` is to be such an endpoint. Prints what `legacy.py` prints.
"""

import json

import anyio
import modern_everything  # noqa: F401
import modern_fixture  # noqa: F401
from checks import MODERN, PROTOCOL, check, expect, expect_equal, main
from mcp import types
from mcp.client.subscriptions import ResourceUpdated
from modern_peer import (
    SAMPLED,
    Peer,
    cancel_after_progress,
    crossing,
    event_of,
    progress_of,
    refused,
)

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
    await cancel_after_progress(peer, "count", {"steps": 300, "interval": 0.1})


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
