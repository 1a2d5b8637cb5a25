"""The examples of the stateful echo server's document."""

import json
import time

from example import example, expect, expect_equal, expect_in_order, messages, text_of, unsigned

SESSION = """
SESSION_ID=$(curl -s -X POST http://localhost:3000/mcp \\
  -H "Content-Type: application/json" \\
  -d '{"jsonrpc":"2.0","method":"initialize","params":{"protocolVersion":"2025-06-18","capabilities":{},"clientInfo":{"name":"test","version":"1.0"}},"id":1}' \\
  -i | grep -i mcp-session-id | cut -d' ' -f2 | tr -d '\\r')
"""

UUID = r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"


@example("echo")
def quick_start(server):
    out = server.bash("""
curl -s -X POST http://localhost:3000/mcp \\
  -H "Content-Type: application/json" \\
  -d '{"jsonrpc":"2.0","method":"initialize","params":{"protocolVersion":"2025-06-18"},"id":1}'
""")
    expect_equal(json.loads(out)["result"]["protocolVersion"], "2025-06-18", "revision")


@example("echo")
def python_client(server):
    out = server.python("stateful_client.py")
    expect_in_order(out, "🔄 Replaying last echo:", "First message", "Original echo count: 1")


@example("echo")
def javascript_polling(server):
    session = server.session()
    server.call("echo", {"message": "one"}, session=session)
    out = server.node("stateful_polling.mjs", session)
    expect("connected" in out, out)


@example("echo")
def bash_script(server):
    out = server.bash(SESSION + """
echo "Session ID: $SESSION_ID"
curl -s -X POST http://localhost:3000/mcp \\
  -H "Content-Type: application/json" \\
  -H "Mcp-Session-Id: $SESSION_ID" \\
  -d '{"jsonrpc":"2.0","method":"tools/call","params":{"name":"echo","arguments":{"message":"Hello from bash!"}},"id":2}'
echo
curl -s -X POST http://localhost:3000/mcp \\
  -H "Content-Type: application/json" \\
  -H "Mcp-Session-Id: $SESSION_ID" \\
  -d '{"jsonrpc":"2.0","method":"tools/call","params":{"name":"sessionInfo","arguments":{}},"id":3}'
""")
    named, echoed, info = out.strip().split("\n")
    session = named.removeprefix("Session ID: ")
    expect_in_order(
        text_of(json.loads(echoed)), "Hello from bash!", f"Session: {session}", "Echo count in session: 1"
    )
    expect_in_order(
        text_of(json.loads(info)),
        "📊 Session Information",
        "🔑 Session Details:",
        f"Session ID: {session}",
        "📈 Session Metrics:",
        "Echo Count: 1",
        "🧠 Session State:",
        "Protocol Version: 2025-06-18",
        "Client: test v1.0",
    )


@example("echo")
def oauth_headers(server):
    out = server.python("stateful_oauth.py")
    expect_in_order(out, "🔐 Authentication Context", "User ID: 12345", "Username: johndoe", "Token Type: Bearer")


@example("echo")
def echo_in_upper_case(server):
    session = server.session()
    arguments = {"message": "Hello, stateful world!", "uppercase": True}
    text = server.call("echo", arguments, session=session)
    expect_equal(
        text.splitlines(),
        ["HELLO, STATEFUL WORLD!", f"Session: {session}", "Echo count in session: 1"],
        "the answer",
    )
    replayed = server.call("replayLastEcho", session=session)
    expect_in_order(replayed, "🔄 Replaying last echo:", "HELLO, STATEFUL WORLD!", "Original echo count: 1")
    expect_in_order(replayed, "This session has replayed 1 messages")


@example("echo")
def every_tool(server):
    """Each of the eleven, called with nothing but what it requires, has the title it is shown with."""
    titles = {
        "echo": "x",
        "replayLastEcho": "🔄 Replaying last echo:",
        "printHeader": "📋 HTTP Headers Analysis",
        "bearerDecode": "🔍 JWT Token Analysis",
        "authContext": "🔐 Authentication Context",
        "requestTiming": "⏱️ Request Timing Analysis",
        "corsAnalysis": "🌐 CORS Analysis",
        "environmentDump": "🔧 Environment Configuration",
        "healthProbe": "🏥 System Health Report",
        "sessionInfo": "📊 Session Information",
        "whoIStheGOAT": "🐐 GOAT Analysis",
    }
    session = server.session()
    tools = server.request("tools/list", {}, session=session).message["result"]["tools"]
    expect_equal([tool["name"] for tool in tools], list(titles), "tools, in their order")
    token = unsigned({"alg": "RS256", "typ": "JWT"}, {"sub": "user123", "iat": 1516239022})
    arguments = {
        "echo": {"message": "x"},
        "bearerDecode": {"token": token},
        "whoIStheGOAT": {"subject": "MCP Protocol"},
    }
    for tool, title in titles.items():
        expect_in_order(server.call(tool, arguments.get(tool), session=session), title)


@example("echo")
def token_that_has_expired(server):
    token = unsigned(
        {"alg": "RS256", "typ": "JWT"},
        {"sub": "user123", "name": "John Doe", "iat": 1516239022, "exp": 1516242622},
    )
    text = server.call("bearerDecode", {"token": token}, session=server.session())
    expect_in_order(
        text,
        '"alg": "RS256"',
        '"sub": "user123"',
        "⏱️ Token Status:",
        "Issued: 2018-01-18 01:30:22 UTC",
        "Expires: 2018-01-18 02:30:22 UTC",
        "Status: EXPIRED",
    )


@example("echo")
def health(server):
    server.session()
    health = server.health()
    expect_equal(health["status"], "healthy", "status")
    expect_equal(health["sessions"], {"active": 1, "total_created": 1, "expired": 0}, "sessions")
    expect(health["uptime_seconds"] >= 0 and health["version"], str(health))


@example("echo")
def health_check_of_the_image(server):
    server.bash("curl -f http://localhost:3000/health || exit 1")


@example("echo")
def health_check_of_compose(server):
    server.bash("""
curl -s -X POST http://localhost:3000/mcp \\
  -H 'Content-Type: application/json' \\
  -H 'Accept: application/json, text/event-stream' \\
  -d '{"jsonrpc":"2.0","method":"initialize","params":{"protocolVersion":"2025-06-18","capabilities":{},"clientInfo":{"name":"healthcheck","version":"1.0"}},"id":1}' \\
  | grep -q '"protocolVersion":"2025-06-18"'
""")


@example(
    "echo",
    MCP_ECHO_DEBUG="true",
    LOG_LEVEL="DEBUG",
    LOG_FILE="$PWD/logs/mcp-echo-stateful.log",
)
def debug_mode(server):
    secret = unsigned({"alg": "none"}, {"sub": "somebody"})
    server.call("authContext", {}, f"Authorization: Bearer {secret}")
    expect(secret not in server.logged('"event":"request_done"'), "a token is in the log")
    log = (server.folder / "logs" / "mcp-echo-stateful.log").read_text()
    expect('"event":"listening"' in log and secret not in log, log)


@example(
    "echo",
    MCP_ECHO_HOST="127.0.0.1",
    MCP_ECHO_DEBUG="false",
    MCP_SESSION_TIMEOUT="1800",
    MCP_SESSION_CLEANUP_INTERVAL="60",
    MCP_MAX_SESSIONS="2",
    ECHO_CLEANUP_INTERVAL="300",
    MCP_PROTOCOL_VERSION="2025-06-18",
    MCP_PROTOCOL_VERSIONS_SUPPORTED="2025-06-18,2024-11-05",
    ECHO_ENABLE_BINARY="true",
    ECHO_ENABLE_COMPRESSION="false",
    ECHO_MAX_MESSAGE_SIZE="1024",
    ECHO_LOG_LEVEL="INFO",
)
def every_variable(server):
    session = server.session()
    shown = server.call("environmentDump", session=session)
    expect_in_order(shown, "MCP_ECHO_HOST: 127.0.0.1", "MCP_SESSION_TIMEOUT: 1800")
    too_long = {"name": "echo", "arguments": {"message": "x" * 1025}}
    answer = server.request("tools/call", too_long, session=session).message
    expect_equal(answer.get("error", {}).get("code"), -32602, "a message that is too long")
    for wanted, agreed in {
        "2025-06-18": "2025-06-18",
        "2025-11-25": "2025-06-18",
        "2025-03-26": "2024-11-05",
        "2024-11-05": "2024-11-05",
    }.items():
        offered = server.request("initialize", {"protocolVersion": wanted}).message
        expect_equal(offered["result"]["protocolVersion"], agreed, f"offered for {wanted}")
    for _ in range(3):
        server.session()
    expect_equal(server.health()["sessions"]["active"], 2, "sessions at most")


@example("echo", MCP_PROTOCOL_VERSIONS_SUPPORTED="2025-06-18")
def unsupported_version(server):
    """Nothing in common: the client is older than every revision that is served."""
    answer = server.request("initialize", {"protocolVersion": "2024-11-05"}).message
    expect_equal(answer["error"]["code"], -32602, "code")
    expect("Unsupported protocol version" in answer["error"]["message"], str(answer))
    expect_equal(answer["error"]["data"]["supported"], ["2025-06-18"], "data")


@example("echo")
def unknown_session(server):
    made_up = "550e8400-e29b-41d4-a716-446655440000"
    answer = server.request("tools/call", {"name": "echo", "arguments": {"message": "x"}}, session=made_up)
    expect_equal(answer.status, 404, "status")
    expect_equal(answer.message["error"]["code"], -32603, "code")
    expect_equal(answer.message["error"]["message"], "Session not found or expired", "message")


@example("echo", MCP_SESSION_TIMEOUT="1", MCP_SESSION_CLEANUP_INTERVAL="1")
def session_expires(server):
    session = server.session()
    time.sleep(3)
    expect_equal(server.request("tools/list", {}, session=session).status, 404, "status")
    expect_equal(server.health()["sessions"], {"active": 0, "total_created": 1, "expired": 1}, "sessions")


@example("echo")
def sessions_are_apart(server):
    first, second = server.session(), server.session()
    server.call("echo", {"message": "Session 1 message"}, session=first)
    expect_in_order(server.call("replayLastEcho", session=first), "Session 1 message")
    other = server.call("sessionInfo", session=second)
    expect_in_order(other, "Echo Count: 0")
    expect(first not in other, "another's session id is shown")


@example("echo")
def listening_brings_events(server):
    """What waits in a session's queue comes as events when somebody listens."""
    session = server.session()
    out = server.bash(f"""
curl -s -N --max-time 2 http://localhost:3000/mcp -D head \\
  -H "Mcp-Session-Id: {session}" -H "Accept: text/event-stream" || test $? = 28
cat head
""")
    expect("text/event-stream" in out, out)


@example("echo")
def first_request_opens_a_session(server):
    answer = server.request("tools/call", {"name": "echo", "arguments": {"message": "first"}})
    session = answer.headers["mcp-session-id"]
    expect_in_order(answer.text, "first", f"Session: {session}", "Echo count in session: 1")
    expect_in_order(server.call("replayLastEcho", session=session), "first")
    expect_equal(len(messages(answer.body)), 1, "messages")


@example("echo")
def another_revision_in_the_header(server):
    """Any that is served passes; the session keeps the one that was negotiated."""
    session = server.session()
    header = "MCP-Protocol-Version: 2024-11-05"
    expect_equal(server.request("ping", {}, header, session=session).message["result"], {}, "ping")
    expect_in_order(server.call("sessionInfo", session=session), "Protocol Version: 2025-06-18")
    unknown = server.request("ping", {}, "MCP-Protocol-Version: 1999-12-31", session=session)
    expect_equal(unknown.status, 400, "a revision nobody knows")


@example("echo")
def notification_of_a_session(server):
    message = {"jsonrpc": "2.0", "method": "notifications/initialized"}
    for session, status in ((server.session(), 202), ("0" * 8, 404)):
        expect_equal(server.post(message, session=session).status, status, session)
