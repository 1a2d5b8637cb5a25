"""A hundred sessions, all used at once; the server counts as many."""

import asyncio

import httpx

URL = "http://localhost:3000/mcp"


async def initialize_session(client):
    opened = await client.post(
        URL,
        json={
            "jsonrpc": "2.0",
            "method": "initialize",
            "params": {"protocolVersion": "2025-06-18", "capabilities": {}},
            "id": 1,
        },
    )
    return opened.headers["Mcp-Session-Id"]


async def echo_message(client, session_id, message):
    response = await client.post(
        URL,
        headers={"Mcp-Session-Id": session_id},
        json={
            "jsonrpc": "2.0",
            "method": "tools/call",
            "params": {"name": "echo", "arguments": {"message": message}},
            "id": 2,
        },
    )
    text = response.json()["result"]["content"][0]["text"]
    assert message in text and session_id in text, text


async def main():
    async with httpx.AsyncClient() as client:
        sessions = []
        for i in range(100):
            sessions.append(await initialize_session(client))
        tasks = []
        for session_id in sessions:
            tasks.append(echo_message(client, session_id, f"Load test {session_id}"))
        await asyncio.gather(*tasks)
        health = (await client.get("http://localhost:3000/health")).json()
        assert health["sessions"]["active"] == 100, health


asyncio.run(main())
