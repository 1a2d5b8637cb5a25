"""A server on the seat of `mcp` 2.x, which speaks both eras over stdio.

No published server asks its clients anything in the modern era yet; this one asks by that library's
own means, so that at least what goes over the pipe is not ours.
"""

from typing import Annotated

import anyio
from mcp.server.mcpserver import Context, MCPServer
from mcp.server.mcpserver.resolve import Elicit, ListRoots, Resolve, Sample
from mcp.types import (
    Completion,
    CreateMessageResult,
    ElicitRequest,
    ElicitRequestURLParams,
    InputRequiredResult,
    ListRootsResult,
    SamplingMessage,
    TextContent,
)
from pydantic import BaseModel

server = MCPServer("real-sdk", version="1", instructions="Ask, and be asked.")


class Who(BaseModel):
    name: str


def who() -> Elicit[Who]:
    return Elicit("What is your name?", Who)


def greeting() -> Sample:
    content = TextContent(type="text", text="Make up a greeting.")
    return Sample([SamplingMessage(role="user", content=content)], max_tokens=7)


def roots() -> ListRoots:
    return ListRoots()


@server.tool()
def echo(message: str) -> str:
    return message


@server.tool()
def name(answer: Annotated[Who, Resolve(who)]) -> str:
    return f"The name: {answer.name}"


@server.tool()
def everything(
    answer: Annotated[Who, Resolve(who)],
    greeting: Annotated[CreateMessageResult, Resolve(greeting)],
    roots: Annotated[ListRootsResult, Resolve(roots)],
) -> str:
    """Asks all there is at once."""
    where = ", ".join(str(root.uri) for root in roots.roots)
    return f"{answer.name}; {greeting.content.text}; {where}"


@server.tool()
async def consent(url: str, ctx: Context) -> str | InputRequiredResult:
    """Sends the user somewhere."""
    answers = ctx.input_responses or {}
    if answer := answers.get("consent"):
        return f"consent: {answer.action}"
    message = "Please agree."
    params = ElicitRequestURLParams(message=message, url=url, elicitation_id="consent-1")
    return InputRequiredResult(input_requests={"consent": ElicitRequest(params=params)})


@server.tool()
async def count(steps: int, interval: float, ctx: Context) -> str:
    for step in range(1, steps + 1):
        await anyio.sleep(interval)
        await ctx.report_progress(step, steps)
    return f"counted to {steps}"


@server.tool()
async def touch(ctx: Context) -> str:
    """Says that its tools have changed, and its note."""
    await ctx.notify_tools_changed()
    await ctx.notify_resource_updated("note://1")
    return "touched"


@server.resource("note://{number}")
def note(number: str) -> str:
    return f"Note {number}"


@server.prompt()
def greet(city: str) -> str:
    return f"Greet {city}."


@server.completion()
async def complete(_reference, argument, _context) -> Completion:
    cities = ["Zagreb", "Zürich", "Bern"]
    return Completion(values=[city for city in cities if city.startswith(argument.value)])


if __name__ == "__main__":
    server.run()
