"""Any instance answers a request that brings a token."""

import asyncio

import httpx

token = "eyJhbGciOiJub25lIn0.e30."
echo_request = {
    "jsonrpc": "2.0",
    "method": "tools/call",
    "params": {"name": "echo", "arguments": {"message": "through the gateway"}},
    "id": 1,
}


async def main():
    async with httpx.AsyncClient() as client:
        response = await client.post(
            "http://localhost:3000/mcp",
            headers={"Authorization": f"Bearer {token}"},
            json=echo_request,
        )
        assert response.status_code == 200


asyncio.run(main())
