"""Drives an MCP endpoint with the client of `mcp` 1.x, as a program that uses it would.

    legacy.py {time,everything,sdk} URL

Prints the names of all checks of the target first (`plan a b c`), then for each one either
`ok NAME` or `FAIL NAME: why`; see `run`, which counts them.
"""

import json
import re

import anyio
import legacy_everything  # noqa: F401
from checks import PROTOCOL, all_asked, check, expect, expect_equal, main
from legacy_peer import (
    Losing,
    Peer,
    cancel_after_progress,
    progress_of,
    quiet,
    refused,
    terminate,
)
from mcp import types
from pydantic import AnyUrl

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
            grace.hesitate = edsger.hesitate = all_asked([grace, edsger], turn)
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
