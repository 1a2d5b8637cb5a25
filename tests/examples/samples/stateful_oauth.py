"""What a gateway adds to a request, as the server sees it."""

import asyncio

import httpx

URL = "http://localhost:3000/mcp"


async def main():
    async with httpx.AsyncClient() as client:
        opened = await client.post(
            URL,
            json={
                "jsonrpc": "2.0",
                "method": "initialize",
                "params": {"protocolVersion": "2025-06-18"},
                "id": 1,
            },
        )
        headers = {
            "Authorization": "Bearer eyJhbGciOiJSUzI1NiIs...",
            "X-User-Id": "12345",
            "X-User-Name": "johndoe",
            "Mcp-Session-Id": opened.headers["Mcp-Session-Id"],
        }
        response = await client.post(
            URL,
            headers=headers,
            json={
                "jsonrpc": "2.0",
                "method": "tools/call",
                "params": {"name": "authContext", "arguments": {}},
                "id": 4,
            },
        )
        print(response.json()["result"]["content"][0]["text"])


asyncio.run(main())
