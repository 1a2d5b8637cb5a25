"""What the server makes of a bearer token."""

import asyncio

import httpx


async def main():
    async with httpx.AsyncClient() as client:
        response = await client.post(
            "http://localhost:3000/mcp",
            headers={"Authorization": "Bearer eyJhbGc..."},
            json={
                "jsonrpc": "2.0",
                "method": "tools/call",
                "params": {"name": "authContext", "arguments": {}},
                "id": 1,
            },
        )
        result = response.json()
        print(result["result"]["content"][0]["text"])


asyncio.run(main())
