"""Drives a protected endpoint with `OAuthClientProvider` of `mcp` 2.x.

    oauth_modern.py time URL

It reports its checks as `legacy.py` does.
"""

from contextlib import asynccontextmanager

import httpx2
from checks import expect, main
from mcp import Client
from mcp.client.auth import OAuthClientProvider
from mcp.client.streamable_http import streamable_http_client
from mcp.shared.auth import AuthorizationCodeResult, OAuthClientMetadata
from oauth import REGISTRATION, AuthorizedPeer


class Peer(AuthorizedPeer):
    @asynccontextmanager
    async def open(self):
        metadata = OAuthClientMetadata.model_validate(REGISTRATION)
        self.provider = OAuthClientProvider(
            self.url,
            metadata,
            self.user,
            redirect_handler=self.user.visit,
            callback_handler=self.callback,
        )
        async with httpx2.AsyncClient(auth=self.provider, timeout=10) as http:
            async with Client(streamable_http_client(self.url, http_client=http)) as self.client:
                yield self

    async def callback(self) -> AuthorizationCodeResult:
        return AuthorizationCodeResult.model_validate(self.user.answer)

    async def call(self, tool: str, arguments: dict) -> str:
        result = await self.client.call_tool(tool, arguments)
        expect(not result.is_error, f"{tool} failed: {result.content}")
        return result.content[0].text

    async def list_tools(self) -> list[str]:
        return [tool.name for tool in (await self.client.list_tools()).tools]


if __name__ == "__main__":
    main(__doc__.splitlines()[0], lambda url: Peer(url).open())
