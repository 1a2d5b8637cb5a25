"""Drives a protected endpoint with `OAuthClientProvider` of `mcp` 1.x.

    oauth_legacy.py time URL

It reports its checks as `legacy.py` does.
"""

from contextlib import asynccontextmanager

from checks import expect, main
from mcp import ClientSession
from mcp.client.auth import OAuthClientProvider
from mcp.client.streamable_http import streamablehttp_client
from mcp.shared.auth import OAuthClientMetadata
from oauth import REGISTRATION, AuthorizedPeer


class Peer(AuthorizedPeer):
    @asynccontextmanager
    async def open(self):
        metadata = OAuthClientMetadata.model_validate(REGISTRATION)
        self.provider = OAuthClientProvider(
            self.url, metadata, self.user, self.user.visit, self.callback
        )
        async with streamablehttp_client(self.url, timeout=10, auth=self.provider) as (read, write, _):
            async with ClientSession(read, write) as self.session:
                await self.session.initialize()
                yield self

    async def callback(self) -> tuple[str, str | None]:
        return self.user.answer["code"], self.user.answer["state"]

    async def call(self, tool: str, arguments: dict) -> str:
        result = await self.session.call_tool(tool, arguments)
        expect(not result.isError, f"{tool} failed: {result.content}")
        return result.content[0].text

    async def list_tools(self) -> list[str]:
        return [tool.name for tool in (await self.session.list_tools()).tools]


if __name__ == "__main__":
    main(__doc__.splitlines()[0], lambda url: Peer(url).open())
