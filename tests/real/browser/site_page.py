"""The page of `pontoon serve` in Chromium: what it shows, that it is live, and that texts stay texts."""

import hashlib
import json
import sys
import tempfile
import urllib.request
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

from bridge import Pontoon, fixture  # noqa: E402
from cdp import Page  # noqa: E402

# A name that would run as HTML.
MARKUP = "<img src=x onerror=document.title='owned'>"
# Names that come to the same path, and one that comes to none.
SAME, PATHLESS = ("deck 1", "deck/1"), ".."
# The name of a server, and the one that `claude mcp add` accepts.
CLAUDE_NAMES = {"gull": "gull", "Möwe v2.1": "M-we-v2-1", "日本": "server", MARKUP: "img-src-x-onerror-document-title-owned"}
SERVERS = [*CLAUDE_NAMES, "lost", *SAME, PATHLESS]
TOKEN = "token-of-the-page-check"
ROWS = "[...document.querySelectorAll('.server')]"


def row(name: str) -> str:
    return f"{ROWS}.find(it => it.querySelector('h2').textContent === {json.dumps(name)})"


def figure(name: str, of: str) -> str:
    return f"{row(name)}.querySelector('[data-of={of}]').textContent"


def post(url: str, message: dict, headers: dict[str, str]):
    headers = {"Content-Type": "application/json", "Accept": "application/json, text/event-stream"} | headers
    request = urllib.request.Request(url, json.dumps({"jsonrpc": "2.0"} | message).encode(), headers)
    return urllib.request.urlopen(request, timeout=10)


def use(url: str):
    """Opens a session and calls `ping` in it."""
    info = {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "page", "version": "1"}}
    with post(url, {"id": 1, "method": "initialize", "params": info}, {}) as answer:
        session = {"Mcp-Session-Id": answer.headers["Mcp-Session-Id"], "MCP-Protocol-Version": "2025-11-25"}
        answer.read()
    post(url, {"method": "notifications/initialized"}, session).read()
    for number in range(2, 6):
        post(url, {"id": number, "method": "ping"}, session).read()


def reason_of(page: Page, name: str) -> str:
    return page.value(f"{row(name)}.querySelector('.reason').textContent")


def snippets(page: Page, name: str) -> dict[str, str]:
    """The settings of each client for a server, as its copy buttons copy them."""
    figures = f"[...{row(name)}.querySelectorAll('figure')]"
    page.value(f"{row(name)}.querySelector('details').open = true")
    copied = {}
    for number, client in enumerate(page.value(f"{figures}.map(it => it.querySelector('span').textContent)")):
        page.value(f"{figures}[{number}].querySelector('button').click()")
        page.until(f"{figures}[{number}].querySelector('button').textContent === 'Copied'")
        copied[client] = page.value("navigator.clipboard.readText()")
    return copied


def expected_snippets(name: str, url: str, token: bool) -> dict[str, str]:
    """The settings as the documents of the clients have them."""
    headers = {"headers": {"Authorization": "Bearer YOUR_TOKEN"}} if token else {}
    option = ' --header "Authorization: Bearer YOUR_TOKEN"' if token else ""

    def text(value: dict) -> str:
        return json.dumps(value, indent=2, ensure_ascii=False)

    return {
        "Claude Code": f"claude mcp add --transport http {CLAUDE_NAMES[name]} {url}{option}",
        "VS Code: .vscode/mcp.json": text({"servers": {name: {"type": "http", "url": url, **headers}}}),
        "Cursor: .cursor/mcp.json": text({"mcpServers": {name: {"url": url, **headers}}}),
        "Other clients": text({"mcpServers": {name: {"type": "http", "url": url, **headers}}}),
    }


def url_of(page: Page, name: str) -> str:
    return page.value(f"{row(name)}.querySelector('.address code').textContent")


def check_token(page: Page, base: str) -> dict[str, str | None]:
    """What is wrong with each check of the page of a program that asks for tokens, if anything."""
    wrong: dict[str, str | None] = {}

    def expect(name: str, found, expected=True):
        wrong[name] = None if found == expected else f"{found!r}, not {expected!r}"

    page.call("Browser.grantPermissions", permissions=["clipboardReadWrite", "clipboardSanitizedWrite"], origin=base)
    page.call("Emulation.setFocusEmulationEnabled", enabled=True)
    page.call("Network.enable")
    page.call("Network.setExtraHTTPHeaders", headers={"Authorization": f"Bearer {TOKEN}"})
    page.open(base + "/")
    expect("token-servers", page.until(f"{ROWS}.length === {len(SERVERS)}"))
    for name in CLAUDE_NAMES:
        expect(f"token-snippets-{CLAUDE_NAMES[name]}", snippets(page, name), expected_snippets(name, url_of(page, name), True))
    page.call("Network.setExtraHTTPHeaders", headers={})
    expect("token-lost", page.until("document.querySelector('#connection').textContent !== 'live'"))
    shown = page.value("document.documentElement.outerHTML")
    expect("token-hidden", TOKEN not in shown and hashlib.sha256(TOKEN.encode()).hexdigest() not in shown)
    return wrong


def check_page(page: Page, base: str) -> dict[str, str | None]:
    """What is wrong with each check, if anything."""
    wrong: dict[str, str | None] = {}

    def expect(name: str, found, expected=True):
        wrong[name] = None if found == expected else f"{found!r}, not {expected!r}"

    page.call("Emulation.setDeviceMetricsOverride", width=1200, height=900, deviceScaleFactor=1, mobile=False)
    page.call("Browser.grantPermissions", permissions=["clipboardReadWrite", "clipboardSanitizedWrite"], origin=base)
    page.open(base + "/")
    expect("servers", page.until(f"{ROWS}.length === {len(SERVERS)}"))
    expect("connection", page.until("document.querySelector('#connection').textContent === 'live'"))

    expect("url", page.value(f"{row('gull')}.querySelector('code').textContent"), f"{base}/gull/mcp")
    expect("idle", page.value(f"{row('gull')}.querySelector('.state').textContent"), "idle")
    expect("broken", page.value(f"{row('lost')}.querySelector('.state').textContent"), "broken")
    expect("reason", "command" in page.value(f"{row('lost')}.querySelector('.reason').textContent"))
    expect("markup", page.value("document.title + document.querySelectorAll('main img').length"), "pontoon0")
    expect("markup-shown", page.value(f"!!{row(MARKUP)}"))

    # Both entries of one path stay, over several requests of the page.
    page.value("new Promise(done => setTimeout(done, 5000))")
    expect("rows", page.value(f"{ROWS}.map(it => it.querySelector('h2').textContent)"), list(SERVERS))
    expect("same-path", [reason_of(page, name) for name in SAME], [
        f"(name): the path deck-1 is also that of `{other}`" for other in reversed(SAME)
    ])
    hidden = f"[...{row(PATHLESS)}.querySelectorAll('.address, details')].map(it => getComputedStyle(it).display)"
    expect("no-path", page.value(hidden), ["none", "none"])

    use(f"{base}/gull/mcp")
    expect("live", page.until(f"Number({figure('gull', 'requests')}) >= 5"))
    expect("running", page.value(f"{row('gull')}.querySelector('.state').textContent"), "running")
    expect("session", page.value(figure("gull", "sessions")), "1")
    expect("quantile", page.value(figure("gull", "p99_ms")).endswith("s"))
    expect("others", page.value(figure(MARKUP, "requests")), "0")

    # By keyboard alone: to the first button, and press it.
    for _ in range(20):
        page.press("Tab")
        if page.value("document.activeElement.className") == "copy":
            break
    focused = "document.activeElement"
    expect("focus", page.value(f"getComputedStyle({focused}).outlineStyle"), "solid")
    expect("label", page.value(f"{focused}.getAttribute('aria-label').startsWith('Copy the URL of ')"))
    url = page.value(f"{focused}.previousElementSibling.textContent")
    page.press("Enter", "\r")
    expect("copied", page.until(f"{focused}.textContent === 'Copied'"))
    expect("announced", page.value("document.querySelector('#announcement').textContent.startsWith('Copied')"))
    expect("clipboard", page.value("navigator.clipboard.readText()"), url)
    page.press("Tab")
    page.press("Enter", "\r")
    expect("opened", page.until(f"{focused}.parentElement.open"))
    snippet = page.value(f"{row('gull')}.querySelector('pre').textContent")
    expect("snippet", snippet, f"claude mcp add --transport http gull {base}/gull/mcp")

    for name in CLAUDE_NAMES:
        expect(f"snippets-{CLAUDE_NAMES[name]}", snippets(page, name), expected_snippets(name, url_of(page, name), False))

    colors = []
    for scheme in ("light", "dark"):
        page.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])
        colors.append(page.value("getComputedStyle(document.body).backgroundColor"))
    expect("schemes", colors[0] != colors[1])
    page.call("Emulation.setDeviceMetricsOverride", width=360, height=800, deviceScaleFactor=1, mobile=False)
    expect("narrow", page.value("document.documentElement.scrollWidth <= 360"))

    expect("console", page.problems, [])
    elsewhere = [url for url in page.requested if not url.startswith((base + "/", "data:", "about:"))]
    expect("elsewhere", elsewhere, [])
    # The policy stops a script that got into the page.
    page.value("document.body.append(Object.assign(document.createElement('script'), {text: 'window.owned = 1'}))")
    expect("policy", page.value("window.owned === undefined"))
    return wrong


def start(folder: str, runtime: str, *options: str) -> Pontoon:
    served = {"command": str(fixture())}
    lost = {"command": "no-such-program-of-this-test"}
    file = Path(folder, "mcp.json")
    file.write_text(json.dumps({"mcpServers": {name: lost if name == "lost" else served for name in SERVERS}}))
    return Pontoon(["serve", "--config", file, "--runtime", runtime, *options])


def run(runtime: str, browser: str) -> tuple[int, int]:
    with tempfile.TemporaryDirectory() as folder:
        tokens = Path(folder, "tokens")
        tokens.write_text(f"page {hashlib.sha256(TOKEN.encode()).hexdigest()}\n")
        wrong = {}
        for check, options in ((check_page, []), (check_token, ["--auth-token-file", tokens])):
            pontoon = start(folder, runtime, *options)
            page = Page(browser)
            try:
                found = check(page, pontoon.at("").rstrip("/"))
            finally:
                page.close()
                pontoon.stop()
            wrong |= found
            if any(found.values()):
                print("   the last of pontoon's log:\n   " + "   ".join(pontoon.log[-20:]))
    failed = sum(why is not None for why in wrong.values())
    for name, why in wrong.items():
        print(f"FAIL {runtime}/page/{name}: {why}" if why else f"ok {runtime}/page/{name}", flush=True)
    return len(wrong) - failed, failed
