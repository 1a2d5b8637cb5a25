"""Drives a proxy without sessions with the client of `mcp` 1.x.

    stateless.py {time,everything} URL

It reports its checks as `legacy.py` does. The client uses no session, because the answer to
`initialize` names none.
"""

import json

import anyio
from checks import PROTOCOL, check, expect, expect_equal, main
from legacy_peer import Peer, progress_of, quiet
from mcp import types
from pydantic import AnyUrl


@check("time", "everything")
async def time_initialize(peer: Peer) -> None:
    expect_equal(peer.initialized.protocolVersion, PROTOCOL, "protocol version")
    expect_equal(peer.session_id(), None, "session id")
    expect(peer.initialized.capabilities.tools, f"capabilities: {peer.initialized.capabilities}")


@check("time", "everything")
async def time_ping(peer: Peer) -> None:
    await peer.session.send_ping()


@check("time")
async def time_tools(peer: Peer) -> None:
    names = sorted(tool.name for tool in (await peer.session.list_tools()).tools)
    expect_equal(names, ["convert_time", "get_current_time"], "tools")
    answer = json.loads(await peer.call("get_current_time", {"timezone": "Asia/Kathmandu"}))
    expect(answer["datetime"].endswith("+05:45"), f"offset of {answer['datetime']}")


@check("time")
async def time_two_clients(peer: Peer) -> None:
    """Both count their ids from 0; their answers must not cross."""

    async def calls(client: Peer, zone: str) -> None:
        for _ in range(10):
            answer = json.loads(await client.call("get_current_time", {"timezone": zone}))
            expect_equal(answer["timezone"], zone, "answer for")

    async with Peer(peer.url).open() as other, anyio.create_task_group() as group:
        group.start_soon(calls, peer, "Asia/Tokyo")
        group.start_soon(calls, other, "America/Lima")


@check("everything")
async def everything_tools(peer: Peer) -> None:
    text = await peer.call("get-sum", {"a": 2, "b": 40.5})
    expect_equal(text, "The sum of 2 and 40.5 is 42.5.", "sum")
    message = "0123456789abcdef" * 65536
    expect(await peer.call("echo", {"message": message}) == f"Echo: {message}", "echo differs")


@check("everything")
async def everything_progress(peer: Peer) -> None:
    arguments = {"duration": 1, "steps": 5}
    values, _ = await progress_of(peer, "trigger-long-running-operation", arguments)
    expect_equal(values, [1, 2, 3, 4, 5], "progress")


@check("everything")
async def everything_prompts_and_resources(peer: Peer) -> None:
    prompt = await peer.session.get_prompt("args-prompt", {"city": "Zürich", "state": "ZH"})
    expect("Zürich" in prompt.messages[0].content.text, f"prompt: {prompt.messages}")
    uri = AnyUrl("demo://resource/dynamic/text/7")
    contents = (await peer.session.read_resource(uri)).contents
    expect("Resource 7" in contents[0].text, f"contents: {contents}")
    reference = types.PromptReference(type="ref/prompt", name="completable-prompt")
    done = await peer.session.complete(reference, {"name": "department", "value": "S"})
    expect_equal(sorted(done.completion.values), ["Sales", "Support"], "completion")


@check("everything")
async def everything_no_questions(peer: Peer) -> None:
    result = await peer.session.call_tool("trigger-elicitation-request", {})
    expect(result.isError, f"expected an error result, saw {result}")
    expect_equal(peer.elicited, [], "questions")


@check("time", "everything")
async def time_quiet(peer: Peer) -> None:
    await quiet(peer)


if __name__ == "__main__":
    main(__doc__.splitlines()[0], lambda url: Peer(url).open())
