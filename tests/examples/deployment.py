"""The files under deploy/: as far as one machine can try them, they work."""

import json
import re
import shutil
import subprocess
import tempfile
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
            server.bash(f'"$PONTOON" {" ".join(arguments)} http://localhost:3000/health')
            host = env["MCP_ALLOW_HOST"]
            expect_equal(server.request("ping", {}, f"Host: {host}").status < 403, True, f"{name}: Host")


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
    for name in ("Dockerfile", "Dockerfile.proxy"):
        text = (DEPLOY / name).read_text()
        stage = text[text.rindex("\nFROM ") :]
        expect("--uid 1000" in stage and "\nUSER 1000:1000\n" in stage, name)
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
def kubernetes_asks_what_answers():
    deployment, service = yaml("kubernetes.yaml")
    expect_equal((deployment["kind"], deployment["spec"]["replicas"]), ("Deployment", 3), "kind")
    pod = deployment["spec"]["template"]
    expect_equal(deployment["spec"]["selector"]["matchLabels"], pod["metadata"]["labels"], "labels")
    expect_equal(service["spec"]["selector"], pod["metadata"]["labels"], "labels of the service")
    (container,) = pod["spec"]["containers"]
    ask = {"requests": {"memory": "64Mi", "cpu": "100m"}, "limits": {"memory": "256Mi", "cpu": "500m"}}
    expect_equal(container["resources"], ask, "resources")
    liveness, readiness = container["livenessProbe"], container["readinessProbe"]
    expect_equal((liveness["initialDelaySeconds"], liveness["periodSeconds"]), (5, 10), "liveness")
    expect_equal((readiness["initialDelaySeconds"], readiness["periodSeconds"]), (2, 5), "readiness")
    env = {entry["name"]: entry.get("value") for entry in container["env"]} | {"POD_IP": "10.1.2.3"}
    env["MCP_ALLOW_HOST"] = env["MCP_ALLOW_HOST"].replace("$(POD_IP)", env["POD_IP"])
    with Server([*container["args"], "--host", "127.0.0.1"], env) as server:
        for probe in (liveness, readiness):
            server.get(probe["httpGet"]["path"])
            expect_equal(probe["httpGet"]["httpHeaders"], [{"name": "Host", "value": "localhost"}], "Host")
        for host in ("mcp-echo-stateless", "10.1.2.3:3000"):
            expect_equal(server.request("tools/list", {}, f"Host: {host}").status, 200, host)
        # What the document's own probes ask.
        server.get("/health")


@check
def nginx_streams():
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
