"""A session: what was echoed is there to be replayed."""

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
                "params": {
                    "protocolVersion": "2025-06-18",
                    "capabilities": {},
                    "clientInfo": {"name": "test", "version": "1.0"},
                },
                "id": 1,
            },
        )
        session_id = opened.headers.get("Mcp-Session-Id")
        await client.post(
            URL,
            headers={"Mcp-Session-Id": session_id},
            json={
                "jsonrpc": "2.0",
                "method": "tools/call",
                "params": {"name": "echo", "arguments": {"message": "First message"}},
                "id": 2,
            },
        )
        replay = await client.post(
            URL,
            headers={"Mcp-Session-Id": session_id},
            json={
                "jsonrpc": "2.0",
                "method": "tools/call",
                "params": {"name": "replayLastEcho", "arguments": {}},
                "id": 3,
            },
        )
        print(replay.json()["result"]["content"][0]["text"])


asyncio.run(main())
