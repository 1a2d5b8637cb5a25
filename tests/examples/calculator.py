"""The examples of the calculator's document."""

import json
import time

from example import NODE, example, expect, expect_equal, expect_in_order, messages, text_of


@example("calculator")
def basic_calculation(server):
    out = server.bash("""
curl -s -X POST http://localhost:1071/mcp \\
  -H 'Content-Type: application/json' \\
  -d '[{
    "jsonrpc": "2.0",
    "id": "req-1",
    "method": "tools/call",
    "params": {
      "name": "calculate",
      "arguments": { "a": 100, "b": 5, "op": "divide", "precision": 4 }
    }
  }]'
""")
    (answer,) = messages(out)
    expect_equal(answer["id"], "req-1", "id")
    expected = (
        "DIVIDE: 100 ÷ 5 = 20\n\nSteps:\nInput: 100 divide 5\n"
        "Division: 100 ÷ 5 = 20\nFinal result (4 decimal places): 20"
    )
    expect_equal(text_of(answer), expected, "text")
    metadata = answer["result"]["metadata"]
    expect_equal((metadata["operation"], metadata["result"]), ("divide", 20), "metadata")


PROGRESS = """
curl -s -N -X POST http://localhost:1071/mcp \\
  -H 'Content-Type: application/json' \\
  -d '[{
    "jsonrpc": "2.0",
    "id": "req-2",
    "method": "tools/call",
    "params": {
      "name": "demo_progress",
      "arguments": {}
    }
  }]'
"""


@example("calculator", "--documented-events")
def streaming_as_documented(server):
    began = time.monotonic()
    out = server.bash(PROGRESS)
    expect(0.7 < time.monotonic() - began < 5, "the events do not take a second")
    events = [dict(line.split(": ", 1) for line in block.splitlines() if ": " in line)
              for block in out.strip().split("\n\n")]
    named = [(event["event"], json.loads(event["data"])) for event in events if "event" in event]
    expect_equal([name for name, _ in named], ["progress"] * 5 + ["data"], "events")
    for step, (_, data) in enumerate(named[:5], 1):
        expect_equal(data["progress"], step / 5, "progress")
        expect_equal((data["level"], data["data"]), ("info", f"Progress step {step} of 5"), "step")
        expect("progressToken" in data, str(data))
    expect_equal(text_of(named[5][1]), "Progress demonstration completed with 5 steps", "text")


@example("calculator")
def streaming(server):
    """The same in the protocol's own form: progress is for those who ask for it."""
    (answer,) = messages(server.bash(PROGRESS))
    expect_equal(text_of(answer), "Progress demonstration completed with 5 steps", "text")
    params = {"name": "demo_progress", "arguments": {}, "_meta": {"progressToken": "mine"}}
    *steps, last = messages(server.request("tools/call", params).body)
    expect_equal([step["params"]["progress"] for step in steps], [0.2, 0.4, 0.6, 0.8, 1], "progress")
    expect({step["params"]["progressToken"] for step in steps} == {"mine"}, str(steps))
    expect_equal(text_of(last), "Progress demonstration completed with 5 steps", "text")


SAMPLE = """
curl -s -X POST http://localhost:1071/mcp \\
  -H 'Content-Type: application/json' \\
  -d '{"jsonrpc":"2.0","method":"tools/call","params":{"name":"educational_echo","arguments":{"message":"Hello MCP!"}},"id":1}'
"""


@example("calculator", SAMPLE_TOOL_NAME="educational_echo")
def sample_tool(server):
    expected = 'Sample tool "educational_echo" received: Hello MCP!'
    expect_equal(text_of(json.loads(server.bash(SAMPLE))), expected, "text")
    tools = server.request("tools/list", {}).message["result"]["tools"]
    expect_equal(tools[0]["name"], "educational_echo", "the first tool")


@example("calculator")
def sample_tool_unset(server):
    expect("error" in json.loads(server.bash(SAMPLE)), "a tool that is not listed answers")
    tools = server.request("tools/list", {}).message["result"]["tools"]
    expect_equal(
        [tool["name"] for tool in tools],
        ["calculate", "demo_progress", "solve_math_problem", "explain_formula", "calculator_assistant"],
        "tools",
    )


@example("calculator")
def health(server):
    health = json.loads(server.bash("curl -s http://localhost:1071/health | jq"))
    expect_equal((health["status"], health["pattern"]), ("healthy", "stateless"), "health")
    expect(health["timestamp"].endswith("Z") and health["uptime"] >= 0, str(health))
    expect(health["memory"]["rss"] > 0 and health["version"], str(health))


@example("calculator")
def health_in_detail(server):
    detailed = json.loads(server.get("/health/detailed"))
    for part in ("system", "application", "characteristics"):
        expect(part in detailed, f"no {part} in {detailed}")


@example("calculator")
def metrics(server):
    expect("# TYPE" in server.get("/metrics"), "no metrics")


@example("calculator")
def inspector(server):
    cli = NODE / "node_modules/.bin/mcp-inspector-cli"
    out = server.bash(f"{cli} --cli http://localhost:1071/mcp --transport http --method tools/list")
    names = [tool["name"] for tool in json.loads(out)["tools"]]
    expect_equal(names[:2], ["calculate", "demo_progress"], "tools")
    out = server.bash(
        f"{cli} --cli http://localhost:1071/mcp --transport http --method tools/call "
        "--tool-name calculate --tool-arg a=100 --tool-arg b=5 --tool-arg op=divide"
    )
    expect_in_order(json.loads(out)["content"][0]["text"], "DIVIDE: 100 ÷ 5 = 20")


@example("calculator")
def not_in_this_build(server):
    for tool, code in {
        "batch_calculate": -32601,
        "advanced_calculate": -32601,
        "solve_math_problem": -32004,
        "explain_formula": -32004,
        "calculator_assistant": -32004,
    }.items():
        arguments = {"problem": "x", "formula": "x", "query": "x"}
        answer = server.request("tools/call", {"name": tool, "arguments": arguments})
        error = answer.message["error"]
        expect_equal(error["code"], code, tool)
        if code == -32004:
            expect_equal(error["message"], "Available in extended build", tool)


@example("calculator")
def resources(server):
    def read(uri: str) -> dict:
        return server.request("resources/read", {"uri": uri}).message

    constants = json.loads(read("calculator://constants")["result"]["contents"][0]["text"])
    expect_equal(constants, {"pi": 3.14159, "e": 2.71828}, "constants")
    stats = json.loads(read("calculator://stats")["result"]["contents"][0]["text"])
    expect(stats["uptimeMs"] >= 0, str(stats))
    formulas = json.loads(read("formulas://library")["result"]["contents"][0]["text"])
    expect(len(formulas if isinstance(formulas, list) else formulas["formulas"]) == 10, str(formulas))
    read("request://current")["result"]
    expect_equal(read("calculator://history/1")["error"]["message"], "404 Not Found", "history")


@example("calculator")
def prompts(server):
    for name, arguments in {
        "explain-calculation": {"calculation": "2 + 2"},
        "generate-problems": {"topic": "fractions"},
        "calculator-tutor": {},
    }.items():
        result = server.request("prompts/get", {"name": name, "arguments": arguments}).message["result"]
        expect(result["messages"], f"{name}: {result}")


@example("calculator")
def log_in_json(server):
    server.call("calculate", {"a": 1, "b": 2, "op": "add"})
    for line in server.log:
        entry = json.loads(line)
        expect({"timestamp", "level", "message"} <= set(entry), line)


@example("calculator", RATE_LIMIT_MAX="2", RATE_LIMIT_WINDOW="900000")
def rate_limit(server):
    calls = [{"name": "calculate", "arguments": {"a": 1, "b": 1, "op": "add"}}] * 3
    answers = [server.request("tools/call", call) for call in calls]
    expect_equal([answer.status for answer in answers], [200, 200, 429], "statuses")
    expect_equal(answers[2].message["error"]["code"], -32000, "code")
    expect("retry-after" in answers[2].headers, str(answers[2].headers))
    server.health()


@example("calculator", CORS_ORIGIN="https://app.example.com")
def browser(server):
    answer = server.request("tools/list", {}, "Origin: https://app.example.com")
    expect_equal(answer.headers["access-control-allow-origin"], "https://app.example.com", "CORS")
    expect_equal(server.request("tools/list", {}).status, 200, "without an origin")
    expect_equal(server.request("tools/list", {}, "Origin: https://evil.example").status, 403, "status")
