"""The documents' way to try a server directly: a message on its standard input."""

import json

from example import example, expect_equal


@example("echo")
def initialize_without_parameters(server):
    """Servers over stdio need no port; the one started for this example is not asked anything."""
    for program in ("echo", "echo-stateless", "calculator"):
        out = server.bash(
            """echo '{"jsonrpc":"2.0","method":"initialize","params":{},"id":1}' """
            f'| "$PONTOON" stdio {program}'
        )
        answer = json.loads(out)
        expect_equal((answer["id"], "result" in answer or "error" in answer), (1, True), program)
