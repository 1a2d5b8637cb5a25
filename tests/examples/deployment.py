"""The files under deploy/: as far as one machine can try them, they work."""

import json
import os
import re
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path

import install
from example import PYTHON, Server, check, expect, expect_equal

DEPLOY = Path(__file__).resolve().parents[2] / "deploy"


def yaml(name: str) -> list[dict]:
    """The documents of a YAML file."""
    script = "import json, sys, yaml; print(json.dumps(list(yaml.safe_load_all(sys.stdin))))"
    text = (DEPLOY / name).read_text()
    done = subprocess.run([PYTHON, "-c", script], input=text, capture_output=True, text=True)
    expect(done.returncode == 0, done.stderr)
    return json.loads(done.stdout)


def services() -> dict[str, dict]:
    return yaml("compose.yaml")[0]["services"]


@check
def compose_has_every_program_behind_the_gateway():
    expect_equal(
        set(services()),
        {"mcp-fetch", "mcp-echo-stateful", "mcp-echo-stateless", "mcp-calculator"},
        "services",
    )
    for name, service in services().items():
        router = f"traefik.http.routers.{name}"
        labels = service["labels"]
        expect(labels[f"{router}.rule"].endswith(".${BASE_DOMAIN}`)"), name)
        expect_equal(labels[f"{router}.middlewares"], "mcp-auth", name)
        expect_equal(labels[f"{router}.priority"], "2", name)
        port = service["environment"].get("PORT", 3000)
        expect_equal(labels[f"traefik.http.services.{name}.loadbalancer.server.port"], str(port), name)
        expect("ports" not in service, f"{name} is published past the gateway")


@check
def compose_gives_no_server_more_than_it_needs():
    for name, service in services().items():
        expect_equal(service["security_opt"], ["no-new-privileges:true"], name)
        expect_equal(service["read_only"], True, name)
        expect_equal(service["tmpfs"], ["/tmp"], name)
        expect_equal(service["cap_drop"], ["ALL"], name)
        expect_equal(service["logging"]["options"], {"max-size": "10m", "max-file": "3"}, name)


@check
def compose_starts_what_is_healthy():
    """Every service starts with its own command and environment, and passes its own check."""
    for name, service in services().items():
        env = {key: str(value) for key, value in service["environment"].items()}
        env = {key: value.replace("${BASE_DOMAIN}", "example.com") for key, value in env.items()}
        for key in ("MCP_BIND_HOST", "MCP_ECHO_HOST"):
            env[key] = "127.0.0.1"
        if "LOG_FILE" in env:
            env["LOG_FILE"] = "$PWD" + env["LOG_FILE"]
        with Server(service.get("command", ["proxy"]), env) as server:
            program, *arguments = service["healthcheck"]["test"][1:]
            expect_equal(program, "pontoon", name)
            # The variables that set the port tell the probe, too; here it is any that is free.
            server.bash(f'"$PONTOON" {" ".join(arguments)} http://localhost:3000/health')
            host = env["MCP_ALLOW_HOST"]
            expect_equal(server.request("ping", {}, f"Host: {host}").status < 403, True, f"{name}: Host")


@check
def compose_of_the_documents_serves_every_revision():
    """Their environment names one revision; a client of another is served all the same."""
    common = {"MCP_ECHO_HOST": "0.0.0.0", "MCP_PROTOCOL_VERSION": "2025-06-18"}
    meta = {
        "io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientCapabilities": {},
    }
    modern = ("MCP-Protocol-Version: 2026-07-28", "Mcp-Method: tools/list")
    for words, env in (
        (["echo"], {"MCP_SESSION_TIMEOUT": "3600", "ECHO_ENABLE_BINARY": "true", "ECHO_LOG_LEVEL": "INFO"}),
        (["echo", "--stateless"], {"ECHO_STATELESS_WORKERS": "4", "ECHO_STATELESS_LOG_LEVEL": "INFO"}),
    ):
        with Server(words, common | env) as server:
            # Traefik passes the name on that clients use; its own checks use the address.
            expect_equal(server.request("tools/list", {"_meta": meta}, *modern).status, 200, str(words))
            server.bash("curl -fsS -H 'Host: 172.18.0.3:3000' http://localhost:3000/health")
        for name, service in services().items():
            expect("MCP_PROTOCOL_VERSION" not in service["environment"], name)


@check
def compose_logs_where_its_user_may_write():
    compose = yaml("compose.yaml")[0]
    image = (DEPLOY / "Dockerfile").read_text()
    expect("install --directory --owner=mcp --group=mcp /logs" in image, "nobody owns /logs")
    for name, service in compose["services"].items():
        for volume in service.get("volumes", []):
            source, target = volume.split(":")
            expect(source in compose["volumes"], f"{name}: {volume} would belong to root")
            expect(service["environment"]["LOG_FILE"].startswith(f"{target}/"), name)


@check
def compose_builds_the_proxy_on_its_own_pontoon():
    build = services()["mcp-fetch"]["build"]
    first = build["additional_contexts"]["pontoon"].removeprefix("service:")
    expect_equal(services()[first]["build"]["dockerfile"], "deploy/Dockerfile", first)


@check
def gateway_asks_about_every_request():
    gateway = yaml("compose.gateway.yaml")[0]["services"]
    labels = gateway["auth"]["labels"]
    address = labels["traefik.http.middlewares.mcp-auth.forwardauth.address"]
    expect_equal(address, "http://auth:8000/verify", "who is asked")
    expect_equal(gateway["traefik"]["ports"], ["443:443"], "published ports")


@check
def images_run_as_nobody_special():
    for name in ("Dockerfile", "Dockerfile.proxy", "Dockerfile.node"):
        text = (DEPLOY / name).read_text()
        stage = text[text.rindex("\nFROM ") :]
        # The image of node has a user of this number.
        expect("--uid 1000" in stage or name == "Dockerfile.node", name)
        expect("\nUSER 1000:1000\n" in stage, name)
        expect('HEALTHCHECK --interval=30s --timeout=5s --retries=3 CMD ["pontoon", "probe"]' in stage, name)
        expect("\nEXPOSE 3000" in stage, name)


@check
def image_of_the_proxy_runs_a_module():
    """The command of the image, with the official time server in place of the fetch server."""
    text = (DEPLOY / "Dockerfile.proxy").read_text()
    script = re.search(r'CMD \["sh", "-c", "(.*)"\]', text)[1].replace('\\"', '"')
    words = script.removeprefix("exec pontoon ").replace('"$MODULE"', "mcp_server_time").split()
    words = [str(install.PYTHON_2) if word == "python" else word for word in words]
    with Server([*words[:3], "--", *words[3:]]) as server:
        expect_equal(server.health()["status"], "healthy", "status")
        server.session()


@check
def image_of_node_runs_the_program_of_a_package():
    """Its command, with a program of this machine in place of that of the package."""
    text = (DEPLOY / "Dockerfile.node").read_text()
    expect('npm install --global --no-fund --no-audit "$PACKAGE"' in text, "nothing is installed")
    script = re.search(r'CMD \["sh", "-c", "(.*)"\]', text)[1].replace('\\"', '"')
    words = script.removeprefix("exec pontoon ").replace('"$COMMAND"', os.environ["PONTOON"]).split()
    with Server([*words[:3], "--", *words[3:], "stdio", "echo"]) as server:
        expect_equal(server.health()["status"], "healthy", "status")
        server.session()


@check
def kubernetes_asks_what_answers():
    deployment, service = yaml("kubernetes.yaml")
    expect_equal((deployment["kind"], deployment["spec"]["replicas"]), ("Deployment", 3), "kind")
    pod = deployment["spec"]["template"]
    expect_equal(deployment["spec"]["selector"]["matchLabels"], pod["metadata"]["labels"], "labels")
    expect_equal(service["spec"]["selector"], pod["metadata"]["labels"], "labels of the service")
    (container,) = pod["spec"]["containers"]
    expect_equal(pod["spec"]["terminationGracePeriodSeconds"], 40, "delay, drain time, and 5 s")
    ask = {"requests": {"memory": "64Mi", "cpu": "100m"}, "limits": {"memory": "256Mi", "cpu": "500m"}}
    expect_equal(container["resources"], ask, "resources")
    liveness, readiness = container["livenessProbe"], container["readinessProbe"]
    expect_equal((liveness["initialDelaySeconds"], liveness["periodSeconds"]), (5, 10), "liveness")
    expect_equal((readiness["initialDelaySeconds"], readiness["periodSeconds"]), (2, 5), "readiness")
    probed(container, [*container["args"], "--host", "127.0.0.1"], "mcp-echo-stateless")


@check
def kubernetes_keeps_sessions_together():
    deployment, service = yaml("kubernetes-proxy.yaml")
    pod = deployment["spec"]["template"]
    expect_equal(deployment["spec"]["selector"]["matchLabels"], pod["metadata"]["labels"], "labels")
    expect_equal(service["spec"]["selector"], pod["metadata"]["labels"], "labels of the service")
    expect_equal(service["spec"]["sessionAffinity"], "ClientIP", "affinity")
    expect(deployment["spec"]["replicas"] > 1, "affinity of one instance shows nothing")
    expect_equal(pod["spec"]["enableServiceLinks"], False, "a Service `mcp` would set MCP_PORT")
    (container,) = pod["spec"]["containers"]
    probed(container, ["proxy"], "mcp-time")


def probed(container: dict, words: list[str], name: str) -> None:
    """Starts it with its environment, and asks what its probes and its clients ask."""
    env = {entry["name"]: entry["value"] for entry in container["env"]}
    with Server(words, env | {"MCP_LOG_FORMAT": "json"}) as server:
        for probe in (container["livenessProbe"], container["readinessProbe"]):
            expect_equal(set(probe["httpGet"]), {"path", "port"}, "what is asked by the address")
            server.bash(f"curl -fsS -H 'Host: 10.1.2.3:3000' http://localhost:3000{probe['httpGet']['path']}")
        # What the document's own probes ask.
        server.bash("curl -fsS -H 'Host: 10.1.2.3:3000' http://localhost:3000/health")
        expect(server.request("ping", {}, f"Host: {name}:3000").status != 403, name)
        began = time.monotonic()
        server.process.send_signal(signal.SIGTERM)
        server.logged("stop_delayed")
        expect("503" in server.bash("curl -sS -o /dev/null -w '%{http_code}' http://localhost:3000/readyz"), "ready")
        server.process.wait(30)
        delay = float(env["MCP_STOP_DELAY"])
        expect(time.monotonic() - began >= delay, f"it stopped before {delay} s had passed")


@check
def nginx_streams():
    """What it does with sessions is in `gateways`."""
    text = (DEPLOY / "nginx.conf").read_text()
    for setting in ("proxy_buffering off;", "proxy_http_version 1.1;", "proxy_read_timeout 1h;"):
        expect(setting in text, f"no {setting}")


@check
def systemd_takes_the_unit():
    expect(shutil.which("systemd-analyze"), "systemd-analyze is needed and cannot be had")
    with tempfile.TemporaryDirectory() as folder:
        unit = Path(folder) / "pontoon@time.service"
        text = (DEPLOY / "pontoon@.service").read_text()
        unit.write_text(text.replace("/usr/local/bin/pontoon", shutil.which("true")))
        done = subprocess.run(
            ["systemd-analyze", "verify", unit], capture_output=True, text=True, timeout=60
        )
        expect(done.returncode == 0 and "time.service:" not in done.stderr, done.stderr)
