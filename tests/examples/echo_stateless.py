"""The examples of the stateless echo server's document."""

import json
import re
import time

from example import (
    Server,
    check,
    example,
    expect,
    expect_equal,
    expect_in_order,
    text_of,
    unsigned,
)

STATELESS = ("echo", "--stateless")


@example(*STATELESS)
def quick_start(server):
    out = server.bash("""
curl -s -X POST http://localhost:3000/mcp \\
  -H "Content-Type: application/json" \\
  -d '{"jsonrpc":"2.0","method":"tools/call","params":{"name":"echo","arguments":{"message":"Hello!"}},"id":1}'
""")
    expect_equal(text_of(json.loads(out)), "Hello!", "the answer")


@example(*STATELESS)
def body_on_several_lines(server):
    out = server.bash("""
curl -s -X POST http://localhost:3000/mcp \\
  -H "Content-Type: application/json" \\
  -d '{
    "jsonrpc": "2.0",
    "method": "tools/call",
    "params": {
      "name": "echo",
      "arguments": {"message": "Hello, World!"}
    },
    "id": 1
  }'
""")
    expect_equal(text_of(json.loads(out)), "Hello, World!", "the answer")


@example(*STATELESS, "--host", "0.0.0.0", "--workers", "4")
def production_start(server):
    expect_equal(server.call("echo", {"message": "x"}), "x", "the answer")
    expect("WARNING" in "".join(server.log) or "exposed" in "".join(server.log), "no warning")


@check
def starts_and_stops_at_once():
    """Within the two seconds that are promised, even where the machine is busy."""
    began = time.monotonic()
    with Server(list(STATELESS)) as server:
        server.health()
        started = time.monotonic() - began
        began = time.monotonic()
    stopped = time.monotonic() - began
    expect(started < 2 and stopped < 2, f"starts in {started:.2f} s, stops in {stopped:.2f} s")


@example(*STATELESS)
def initialize(server):
    params = {
        "protocolVersion": "2025-06-18",
        "capabilities": {},
        "clientInfo": {"name": "test-client", "version": "1.0"},
    }
    answer = server.request("initialize", params, "Accept: application/json, text/event-stream")
    expect_equal(answer.message["result"]["protocolVersion"], "2025-06-18", "revision")
    expect("mcp-session-id" not in answer.headers, "a session of a server that has none")


@example(*STATELESS)
def python_authentication(server):
    out = server.python("stateless_auth.py")
    expect_in_order(
        out,
        "🔐 Authentication Context Analysis",
        "👤 User Information:",
        "🎫 Token Analysis:",
        "Type: Bearer",
        "🌐 Request Context:",
        "Authentication Status:",
    )
    expect("AUTHENTICATED" not in out.replace("UNAUTHENTICATED", ""), "nobody has checked that token")


@example(*STATELESS)
def python_through_a_gateway(server):
    server.python("stateless_gateway.py")


@example(*STATELESS)
def javascript_hundred_at_once(server):
    expect_equal(server.node("stateless_performance.mjs").strip(), "Completed 100 requests", "said")


@example(*STATELESS)
def python_every_tool(server):
    out = server.python("stateless_troubleshooting.py")
    answers = dict(re.findall(r"=== Testing (\w+) ===\n(.*)", out))
    expect_equal(len(answers), 9, "tools")
    # `echo` is called without the message that it requires.
    expect_in_order(answers.pop("echo"), "'error'", "-32602")
    titles = {
        "printHeader": "📋 HTTP Headers Analysis (",
        "bearerDecode": "❌",
        "authContext": "🔐 Authentication Context Analysis",
        "requestTiming": "⏱️ Request Timing Analysis",
        "corsAnalysis": "🌐 CORS Analysis",
        "environmentDump": "🔧 Environment Configuration (Sanitized)",
        "healthProbe": "🏥 System Health Report",
        "whoIStheGOAT": "🐐 Excellence Analysis:",
    }
    for tool, title in titles.items():
        expect(title in answers[tool], f"no {title!r} in {answers[tool]}")


@example(*STATELESS)
def echo_reversed(server):
    arguments = {"message": "Hello, MCP!", "uppercase": False, "reverse": True}
    expect_equal(server.call("echo", arguments), "!PCM ,olleH", "the answer")


@example(*STATELESS)
def headers_by_kind(server):
    text = server.call(
        "printHeader",
        {},
        "Authorization: Bearer eyJhbGciOiJSUzI1NiIs",
        "X-User-Id: 12345",
        "X-User-Name: johndoe",
        "X-Auth-Token: token_abc123",
        "User-Agent: MCP-Client/1.0",
        "Mcp-Session-Id: 550e8400-e29b-41d4-a716-446655440000",
        "MCP-Protocol-Version: 2025-06-18",
        "X-Forwarded-For: 192.168.1.100",
        "X-Forwarded-Proto: https",
        "X-Real-IP: 192.168.1.100",
        "X-Request-Id: req_xyz789",
        "X-Correlation-Id: corr_123",
    )
    expect_in_order(text, "📋 HTTP Headers Analysis (", " total headers)")
    expect_in_order(text, "🔐 Authentication Headers:", "authorization: Bearer ", "x-user-id: 12345")
    expect_in_order(text, "x-user-name: johndoe", "x-auth-token: ")
    expect_in_order(text, "🌐 Standard HTTP Headers:", "host: localhost", "user-agent: MCP-Client/1.0")
    expect_in_order(text, "🔧 MCP Protocol Headers:", "mcp-session-id:", "mcp-protocol-version: 2025-06-18")
    expect_in_order(text, "🚀 Traefik Headers:", "x-forwarded-for: 192.168.1.100", "x-real-ip:")
    expect_in_order(text, "📦 Custom Headers:", "x-request-id: req_xyz789", "x-correlation-id: corr_123")
    expect("eyJhbGciOiJSUzI1NiIs" not in text and "token_abc123" not in text, "a secret is shown")


@example(*STATELESS)
def token_with_its_age(server):
    claims = {"sub": "1234567890", "name": "John Doe", "admin": True, "iat": 1516239022}
    token = unsigned({"alg": "RS256", "typ": "JWT"}, claims)
    expected = (
        "🔍 JWT Token Analysis (Unverified)",
        "📄 Header:",
        '"alg": "RS256"',
        "📦 Payload:",
        '"admin": true',
        "⏱️ Token Timeline:",
        "Issued At: 2018-01-18 01:30:22 UTC (1516239022)",
        "Age: ",
        "⚠️ Security Notice:",
    )
    expect_in_order(server.call("bearerDecode", {"token": token}), *expected)
    expect_in_order(server.call("bearerDecode", {}, f"Authorization: Bearer {token}"), *expected)


@example(*STATELESS)
def health(server):
    server.call("echo", {"message": "x"})
    health = server.health()
    expect_equal(health["status"], "healthy", "status")
    expect(health["requests_handled"] >= 1 and health["uptime"] >= 0 and health["version"], str(health))


@example(*STATELESS)
def health_check_of_the_image(server):
    server.bash("curl -f http://localhost:3000/health || exit 1")


@example(*STATELESS)
def health_check_of_compose(server):
    out = server.bash("""
curl -f http://localhost:3000/mcp -X POST -H "Content-Type: application/json" \\
  -d '{"jsonrpc":"2.0","method":"tools/call","params":{"name":"healthProbe","arguments":{}},"id":1}'
""")
    text = text_of(json.loads(out))
    # The machine may be too busy to be well: the verdict is that on the worst of its parts.
    parts = re.findall(r"\((healthy|degraded|unhealthy)\)$", text, re.MULTILINE)
    expect(parts, text)
    if "Event Loop: ✅" not in text:
        parts.append("degraded")
    worst = next(word for word in ("unhealthy", "degraded", "healthy") if word in parts)
    expect_in_order(text, "🏥 System Health Report", f" Overall Status: {worst.upper()}")


@example(*STATELESS)
def health_check_without_arguments(server):
    out = server.bash("""
curl -s -X POST http://localhost:3000/mcp \\
  -H "Content-Type: application/json" \\
  -d '{"jsonrpc":"2.0","method":"tools/call","params":{"name":"healthProbe"},"id":1}'
""")
    expect_in_order(text_of(json.loads(out)), "🏥 System Health Report")


@example(*STATELESS)
def probe_in_place_of_curl(server):
    server.bash('"$PONTOON" probe http://localhost:3000/health')


@example(*STATELESS)
def metrics(server):
    server.call("echo", {"message": "x"})
    text = server.get("/metrics")
    for name in ("requests_total", "request_duration_seconds", "errors_total", "active_requests"):
        expect(re.search(rf"^mcp_echo_{name}", text, re.MULTILINE), f"no mcp_echo_{name} in:\n{text}")


@example(*STATELESS, MCP_ECHO_DEBUG="true", LOG_LEVEL="DEBUG", PYTHONDEBUG="1")
def debug_mode(server):
    secret = unsigned({"alg": "none"}, {"sub": "somebody"})
    server.call("authContext", {}, f"Authorization: Bearer {secret}")
    server.bash(f'curl -s -H "Authorization: Bearer {secret}" http://localhost:3000/nothing')
    expect(secret not in server.logged('"reason":"not_found"'), "a token is in the log")


@example(
    *STATELESS,
    MCP_ECHO_HOST="127.0.0.1",
    MCP_ECHO_DEBUG="false",
    MCP_PROTOCOL_VERSION="2025-06-18",
    MCP_PROTOCOL_VERSIONS_SUPPORTED="2025-06-18,2024-11-05",
    ECHO_STATELESS_WORKERS="4",
    ECHO_STATELESS_MAX_REQUESTS="10000",
    WORKER_CONNECTIONS="1000",
    ECHO_STATELESS_LOG_LEVEL="INFO",
    LOG_FILE="$PWD/logs/mcp-echo-stateless.log",
    JWT_SECRET="do not show",
    DATABASE_PASSWORD="do not show",
    API_KEY="do not show",
    NODE_ENV="production",
    TZ="UTC",
)
def every_variable(server):
    shown = server.call("environmentDump")
    expect_in_order(
        shown,
        "🔧 Environment Configuration (Sanitized)",
        "🌟 MCP Configuration:",
        "MCP_ECHO_HOST: 127.0.0.1",
        "MCP_PROTOCOL_VERSIONS_SUPPORTED: 2025-06-18,2024-11-05",
        "🔐 Sensitive Values (Hidden):",
        "📊 Runtime Environment:",
        "🐳 Container Detection:",
    )
    for name in ("JWT_SECRET", "DATABASE_PASSWORD", "API_KEY"):
        expect_in_order(shown, f"{name}: ******* (hidden)")
    expect("do not show" not in shown, "a secret is shown")
    log = (server.folder / "logs" / "mcp-echo-stateless.log").read_text()
    expect('"event":"listening"' in log, log)


@example(*STATELESS, ECHO_STATELESS_MAX_REQUESTS="2")
def connections_are_renewed(server):
    """Three requests of one client that would keep its connection take two of them."""
    url = "http://localhost:3000/livez"
    out = server.bash(f"""
curl -s -w '%{{num_connects}} ' {url} {url} {url} -o /dev/null -o /dev/null -o /dev/null
""")
    expect_equal(out.split(), ["1", "0", "1"], "new connections")


@example(*STATELESS)
def wisdom(server):
    text = server.call("whoIStheGOAT")
    expect_in_order(text, "🐐 Excellence Analysis: ", "🌟 Why ", "💡 Key Contributions:", "📖 Wisdom:", "🎯 Legacy Impact:")


@example(*STATELESS)
def nothing_to_listen_to(server):
    """Without sessions no message waits for anybody, and there is no session to end."""
    for method in ("GET", "DELETE"):
        out = server.bash(f"curl -s -i -X {method} http://localhost:3000/mcp")
        expect_in_order(out.lower(), "http/1.1 405", "allow: post, options")


@example(*STATELESS)
def method_that_is_none(server):
    answer = server.request("tools/nothing", {})
    expect_equal(answer.message["error"]["code"], -32601, "code")


@example(*STATELESS)
def no_batches(server):
    answer = server.post([{"jsonrpc": "2.0", "id": 1, "method": "ping"}])
    expect_equal((answer.status, answer.message["error"]["code"]), (400, -32600), "a batch")


@example(*STATELESS)
def call_without_an_id(server):
    params = {"name": "echo", "arguments": {"message": "Hello!"}}
    answer = server.post({"jsonrpc": "2.0", "method": "tools/call", "params": params})
    expect_equal((answer.status, answer.body), (202, ""), "an answer nobody asked for")
