"""What the OAuth clients of `mcp` 1.x and 2.x have in common: the user, the storage, the checks.

The server behind pontoon is mcp-server-time. The first token allows one of its tools; the other
needs a second scope, which the client gets by a step-up.
"""

import json
from typing import Any
from urllib.error import HTTPError
from urllib.parse import parse_qs, urlsplit
from urllib.request import HTTPRedirectHandler, Request, build_opener, urlopen

import anyio
from checks import check, expect, expect_equal

REDIRECT = "http://127.0.0.1:9/callback"
REGISTRATION = {
    "client_name": "real-check",
    "redirect_uris": [REDIRECT],
    "grant_types": ["authorization_code", "refresh_token"],
    "response_types": ["code"],
    "token_endpoint_auth_method": "none",
}
TOOL, OTHER_TOOL = "get_current_time", "convert_time"
ARGUMENTS = {"timezone": "Asia/Kathmandu"}
OTHER_ARGUMENTS = {"source_timezone": "UTC", "time": "16:30", "target_timezone": "Asia/Tokyo"}


class Stay(HTTPRedirectHandler):
    """Follows no redirect."""

    def redirect_request(self, *_):
        return None


class User:
    """The user agent of a user who consents, and the storage of their client."""

    def __init__(self):
        self.client_info = None
        self.tokens = None
        self.answer: dict[str, str] = {}

    async def get_tokens(self):
        return self.tokens

    async def set_tokens(self, tokens) -> None:
        self.tokens = tokens

    async def get_client_info(self):
        return self.client_info

    async def set_client_info(self, client_info) -> None:
        self.client_info = client_info

    async def visit(self, url: str) -> None:
        """Opens the authorization page, and keeps what the redirect hands to the client."""

        def open_page() -> str:
            try:
                build_opener(Stay).open(url, timeout=10)
            except HTTPError as redirect:
                return redirect.headers.get("Location", "")
            return ""

        location = await anyio.to_thread.run_sync(open_page)
        expect(location.startswith(REDIRECT), f"no redirect to the client: {location!r}")
        query = parse_qs(urlsplit(location).query)
        self.answer = {name: values[0] for name, values in query.items()}


class AuthorizedPeer:
    """A client with its user, connected; the subclass has the SDK's calls."""

    def __init__(self, url: str):
        self.url = url
        self.user = User()
        self.provider: Any

    async def call(self, tool: str, arguments: dict) -> str:
        raise NotImplementedError

    async def list_tools(self) -> list[str]:
        raise NotImplementedError

    def metadata(self) -> dict:
        """The protected resource metadata (RFC 9728) of the endpoint."""
        path = "/.well-known/oauth-protected-resource" + urlsplit(self.url).path
        with urlopen(urlsplit(self.url)._replace(path=path).geturl(), timeout=10) as answer:
            return json.load(answer)

    def control(self, name: str, body: bytes | None = None) -> Any:
        issuer = self.metadata()["authorization_servers"][0].rstrip("/")
        with urlopen(f"{issuer}/control/{name}", body, timeout=10) as answer:
            return json.load(answer)

    def asked(self, path: str) -> list[dict[str, str]]:
        """The parameters of this client's requests to the authorization server."""
        client_id = self.user.client_info.client_id
        requests = [it["asked"] for it in self.control("log") if it["path"] == path]
        return [it for it in requests if it.get("client_id") == client_id]


@check("time")
async def time_challenge(peer: AuthorizedPeer) -> None:
    body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "ping"}).encode()
    request = Request(peer.url, body, {"Content-Type": "application/json"})
    try:
        urlopen(request, timeout=10)
    except HTTPError as refusal:
        expect_equal(refusal.code, 401, "status")
        challenge = refusal.headers["WWW-Authenticate"]
        expect(challenge.startswith("Bearer "), challenge)
        expect("/.well-known/oauth-protected-resource" in challenge, challenge)
        expect("error=" not in challenge, f"an error without a token: {challenge}")
    else:
        raise AssertionError("answered without a token")


@check("time")
async def time_authorized(peer: AuthorizedPeer) -> None:
    (asked,) = peer.asked("/authorize")
    expect_equal(asked["code_challenge_method"], "S256", "code_challenge_method")
    expect_equal(asked["resource"], peer.metadata()["resource"], "resource")
    expect_equal(peer.asked("/token")[0]["resource"], asked["resource"], "resource of the token")


@check("time")
async def time_call(peer: AuthorizedPeer) -> None:
    answer = json.loads(await peer.call(TOOL, ARGUMENTS))
    expect_equal(answer["timezone"], "Asia/Kathmandu", "timezone")
    expect_equal(len(peer.asked("/authorize")), 1, "authorizations")


@check("time")
async def time_listed(peer: AuthorizedPeer) -> None:
    expect_equal(await peer.list_tools(), [TOOL], "tools")


@check("time")
async def time_step_up(peer: AuthorizedPeer) -> None:
    answer = json.loads(await peer.call(OTHER_TOOL, OTHER_ARGUMENTS))
    expect_equal(answer["time_difference"], "+9.0h", "difference")
    first, second = peer.asked("/authorize")
    expect(OTHER_TOOL in second["scope"], f"the second scope: {second['scope']!r}")
    expect(OTHER_TOOL not in first["scope"], f"the first scope: {first['scope']!r}")


@check("time")
async def time_listed_after_step_up(peer: AuthorizedPeer) -> None:
    expect(OTHER_TOOL in await peer.list_tools(), "the tool is not listed")


@check("time")
async def time_refresh_after_rotation(peer: AuthorizedPeer) -> None:
    """A token is refreshed after the key of the server has changed."""
    peer.control("rotate", b"")
    before = peer.user.tokens.access_token
    peer.provider.context.token_expiry_time = 1
    answer = json.loads(await peer.call(OTHER_TOOL, OTHER_ARGUMENTS))
    expect_equal(answer["time_difference"], "+9.0h", "difference")
    expect(peer.user.tokens.access_token != before, "the token was not refreshed")
    expect_equal(len(peer.asked("/authorize")), 2, "authorizations")
