"""The examples of the proxy's document, in front of the official time server."""

import json
import re

import install
from example import example, expect, expect_equal

TIME = ("proxy", "--", str(install.PYTHON_2), "-m", "mcp_server_time", "--local-timezone", "UTC")

SESSION = """
SESSION_ID=$(curl -s -X POST http://localhost:3000/mcp \\
  -H "Content-Type: application/json" \\
  -d '{"jsonrpc":"2.0","method":"initialize","params":{"protocolVersion":"2024-11-05","capabilities":{},"clientInfo":{"name":"test","version":"1.0"}},"id":1}' \\
  -i | grep -i mcp-session-id | cut -d' ' -f2 | tr -d '\\r')
"""


@example(*TIME)
def curl_recipe(server):
    out = server.bash(SESSION + """
echo "Session ID: $SESSION_ID"
curl -s -X POST http://localhost:3000/mcp \\
  -H "Content-Type: application/json" \\
  -H "Mcp-Session-Id: $SESSION_ID" \\
  -d '{"jsonrpc":"2.0","method":"tools/list","id":2}'
echo
curl -s -X POST http://localhost:3000/mcp \\
  -H "Content-Type: application/json" \\
  -H "Mcp-Session-Id: $SESSION_ID" \\
  -d '{
    "jsonrpc":"2.0",
    "method":"tools/call",
    "params":{
      "name":"get_current_time",
      "arguments":{"timezone":"UTC"}
    },
    "id":3
  }'
""")
    session, listed, called = out.strip().split("\n")
    expect(re.fullmatch(r"Session ID: [0-9a-f-]{36}", session), session)
    names = {tool["name"] for tool in json.loads(listed)["result"]["tools"]}
    expect("get_current_time" in names, str(names))
    expect_equal(json.loads(called)["id"], 3, "id")
    expect("timezone" in json.loads(called)["result"]["content"][0]["text"], called)


@example(*TIME)
def health(server):
    health = server.health()
    expect_equal((health["status"], health["sessions"]), ("healthy", 0), str(health))
    expect("subprocess" in health and health["uptime"] >= 0, str(health))


@example(*TIME)
def health_check_of_compose(server):
    server.bash("""
curl -f http://localhost:3000/mcp -X POST -H "Content-Type: application/json" \\
  -d '{"jsonrpc":"2.0","method":"initialize","params":{"protocolVersion":"2024-11-05","capabilities":{},"clientInfo":{"name":"healthcheck","version":"1.0"}},"id":1}'
""")


@example(*TIME)
def unknown_session(server):
    answer = server.request("tools/list", {}, session="session-123")
    expect_equal((answer.status, answer.message["error"]["code"]), (404, -32603), "refusal")
    expect("Session not found" in answer.message["error"]["message"], answer.body)
    answer = server.request("tools/list", {}, session="550e8400-e29b-41d4-a716-446655440000")
    expect_equal((answer.status, answer.message["error"]["code"]), (404, -32603), "refusal")


@example(*TIME)
def malformed_message(server):
    answer = server.post({"jsonrpc": "1.0", "method": "x", "id": 1})
    expect_equal(answer.status, 400, "status")


@example("proxy", "--", "bash", "-c", "sleep 60", MCP_STARTUP_TIMEOUT="1")
def server_that_does_not_start(server):
    answer = server.request("initialize", {"protocolVersion": "2024-11-05"})
    expect("error" in answer.message, answer.body)


@example(
    *TIME,
    MCP_BIND_HOST="127.0.0.1",
    MCP_SESSION_TIMEOUT="300",
    MCP_LOG_LEVEL="INFO",
    LOG_FILE="$PWD/logs/proxy.log",
    MCP_SUBPROCESS_TIMEOUT="30",
    MCP_STARTUP_TIMEOUT="10",
    MCP_MAX_SESSIONS="1",
    MCP_READ_BUFFER_SIZE="65536",
    MCP_WRITE_BUFFER_SIZE="65536",
)
def every_variable(server):
    for _ in range(2):
        server.session()
    expect_equal(server.health()["sessions"], 1, "sessions at most")
    expect("session opened" in (server.folder / "logs" / "proxy.log").read_text() , "no log")
