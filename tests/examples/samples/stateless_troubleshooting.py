"""Calls every tool with no arguments, and shows what comes back."""

import requests


def test_tool(tool_name, arguments={}):
    response = requests.post(
        "http://localhost:3000/mcp",
        json={
            "jsonrpc": "2.0",
            "method": "tools/call",
            "params": {"name": tool_name, "arguments": arguments},
            "id": 1,
        },
    )
    return response.json()


tools = ["echo", "printHeader", "bearerDecode",
         "authContext", "requestTiming", "corsAnalysis",
         "environmentDump", "healthProbe", "whoIStheGOAT"]
for tool in tools:
    print(f"\n=== Testing {tool} ===")
    print(test_tool(tool))
