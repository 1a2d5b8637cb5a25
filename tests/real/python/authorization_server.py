#!/usr/bin/env python3
"""A small OAuth authorization server on loopback, which grants everything that is asked correctly.

    authorization_server.py [--discovery {oauth,oidc}] [--tokens {jwt,opaque}]

It prints its issuer as the first line, and serves until its standard input ends. It has metadata
(RFC 8414 or OpenID Connect Discovery), dynamic client registration (RFC 7591), the authorization
code grant with PKCE (S256 only) and `resource` (RFC 8707), refresh tokens, a JWKS with ETag, and
introspection (RFC 7662) for the client `pontoon` with the secret `introspection-secret`.

Tests steer it at `/control`: `POST /control/rotate` replaces the signing key, and
`GET /control/log` returns the requests so far.
"""

import argparse
import base64
import hashlib
import json
import secrets
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlencode, urlsplit

import jwt
from cryptography.hazmat.primitives.asymmetric import ec

TOKEN_SECONDS = 300
INTROSPECTOR = "Basic " + base64.b64encode(b"pontoon:introspection-secret").decode()


class OAuthError(Exception):
    """A refusal in the form of RFC 6749, section 5.2."""

    def __init__(self, error: str, description: str, status: int = 400):
        super().__init__(description)
        self.body = {"error": error, "error_description": description}
        self.status = status


class AuthorizationServer:
    """The state: clients, codes, refresh tokens, opaque tokens and the signing key."""

    def __init__(self, tokens: str):
        self.issuer = ""
        self.tokens = tokens
        self.clients: dict[str, dict] = {}
        self.codes: dict[str, dict] = {}
        self.refresh_tokens: dict[str, dict] = {}
        self.opaque: dict[str, dict] = {}
        self.log: list[dict] = []
        self.keys = 0
        self.rotate()

    def rotate(self) -> None:
        self.keys += 1
        self.kid = f"key-{self.keys}"
        self.key = ec.generate_private_key(ec.SECP256R1())

    def metadata(self) -> dict:
        at = self.issuer
        return {
            "issuer": at,
            "authorization_endpoint": f"{at}/authorize",
            "token_endpoint": f"{at}/token",
            "registration_endpoint": f"{at}/register",
            "jwks_uri": f"{at}/jwks",
            "introspection_endpoint": f"{at}/introspect",
            "response_types_supported": ["code"],
            "grant_types_supported": ["authorization_code", "refresh_token"],
            "code_challenge_methods_supported": ["S256"],
            "token_endpoint_auth_methods_supported": ["none"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["ES256"],
            "authorization_response_iss_parameter_supported": True,
        }

    def jwks(self) -> dict:
        key = json.loads(jwt.algorithms.ECAlgorithm.to_jwk(self.key.public_key()))
        return {"keys": [key | {"kid": self.kid, "use": "sig", "alg": "ES256"}]}

    def register(self, asked: dict) -> dict:
        if not asked.get("redirect_uris"):
            raise OAuthError("invalid_redirect_uri", "redirect_uris is empty")
        client_id = f"client-{len(self.clients) + 1}"
        granted = asked | {"client_id": client_id, "token_endpoint_auth_method": "none"}
        self.clients[client_id] = granted
        return granted

    def authorize(self, asked: dict) -> str:
        """Returns where the user agent is sent with the code."""
        client = self.clients.get(asked.get("client_id", ""))
        if not client or asked.get("redirect_uri") not in client["redirect_uris"]:
            raise OAuthError("invalid_request", "unknown client or redirect_uri")
        if asked.get("response_type") != "code":
            raise OAuthError("unsupported_response_type", "response_type is not code")
        challenge = asked.get("code_challenge", "")
        if asked.get("code_challenge_method") != "S256" or len(challenge) != 43:
            raise OAuthError("invalid_request", "no S256 code_challenge")
        if not asked.get("resource"):
            raise OAuthError("invalid_target", "no resource")
        code = secrets.token_urlsafe(24)
        self.codes[code] = asked
        answer = {"code": code, "iss": self.issuer}
        answer |= {"state": asked["state"]} if "state" in asked else {}
        return f"{asked['redirect_uri']}?{urlencode(answer)}"

    def token(self, asked: dict) -> dict:
        if asked.get("grant_type") == "authorization_code":
            grant = self.codes.pop(asked.get("code", ""), None)
            digest = hashlib.sha256(asked.get("code_verifier", "").encode()).digest()
            challenge = base64.urlsafe_b64encode(digest).decode().rstrip("=")
            if not grant or challenge != grant["code_challenge"]:
                raise OAuthError("invalid_grant", "unknown code or wrong code_verifier")
            if asked.get("redirect_uri") != grant["redirect_uri"]:
                raise OAuthError("invalid_grant", "another redirect_uri")
        elif asked.get("grant_type") == "refresh_token":
            grant = self.refresh_tokens.pop(asked.get("refresh_token", ""), None)
            if not grant:
                raise OAuthError("invalid_grant", "unknown refresh_token")
        else:
            raise OAuthError("unsupported_grant_type", "unknown grant_type")
        if asked.get("client_id") != grant["client_id"]:
            raise OAuthError("invalid_client", "another client", 401)
        if asked.get("resource", grant["resource"]) != grant["resource"]:
            raise OAuthError("invalid_target", "another resource")
        return self.grant(grant)

    def grant(self, grant: dict) -> dict:
        now = int(time.time())
        claims = {
            "iss": self.issuer,
            "sub": "ada",
            "aud": grant["resource"],
            "client_id": grant["client_id"],
            "scope": grant.get("scope", ""),
            "iat": now,
            "exp": now + TOKEN_SECONDS,
        }
        if self.tokens == "jwt":
            headers = {"kid": self.kid, "typ": "at+jwt"}
            access_token = jwt.encode(claims, self.key, algorithm="ES256", headers=headers)
        else:
            access_token = secrets.token_urlsafe(24)
            self.opaque[access_token] = claims
        answer = {"access_token": access_token, "token_type": "Bearer"}
        answer |= {"expires_in": TOKEN_SECONDS, "scope": claims["scope"]}
        if "refresh_token" in self.clients[grant["client_id"]].get("grant_types", []):
            answer["refresh_token"] = secrets.token_urlsafe(24)
            self.refresh_tokens[answer["refresh_token"]] = grant
        return answer

    def introspect(self, asked: dict) -> dict:
        claims = self.opaque.get(asked.get("token", ""))
        return {"active": True, "token_type": "Bearer"} | claims if claims else {"active": False}


class Handler(BaseHTTPRequestHandler):
    """Routes; keeps to HTTP and leaves OAuth to the server."""

    protocol_version = "HTTP/1.1"
    state: AuthorizationServer
    metadata_path: str
    lock = threading.Lock()

    def do_GET(self) -> None:
        self.answer({})

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        is_json = "json" in self.headers.get("Content-Type", "")
        self.answer(json.loads(body or b"{}") if is_json else parameters(body.decode()))

    def answer(self, body: dict) -> None:
        url = urlsplit(self.path)
        with self.lock:
            if not url.path.startswith("/control"):
                asked = parameters(url.query) | body
                self.state.log.append({"path": url.path, "asked": asked})
            try:
                self.route(url.path, parameters(url.query), body)
            except OAuthError as error:
                self.send(error.status, error.body)

    def route(self, path: str, query: dict, body: dict) -> None:
        state, is_post = self.state, self.command == "POST"
        if path == self.metadata_path:
            self.send(200, state.metadata())
        elif path == "/jwks":
            self.send_jwks()
        elif path == "/authorize":
            self.send(302, None, {"Location": state.authorize(query)})
        elif path == "/register" and is_post:
            self.send(201, state.register(body))
        elif path == "/token" and is_post:
            self.send(200, state.token(body), {"Cache-Control": "no-store"})
        elif path == "/introspect" and is_post:
            if self.headers.get("Authorization") != INTROSPECTOR:
                raise OAuthError("invalid_client", "wrong credentials", 401)
            self.send(200, state.introspect(body))
        elif path == "/control/rotate" and is_post:
            state.rotate()
            self.send(200, {"kid": state.kid})
        elif path == "/control/log":
            self.send(200, state.log)
        else:
            self.send(404, {"error": "not_found"})

    def send_jwks(self) -> None:
        tag = f'"{self.state.kid}"'
        headers = {"ETag": tag, "Cache-Control": "max-age=300"}
        if self.headers.get("If-None-Match") == tag:
            self.send(304, None, headers)
        else:
            self.send(200, self.state.jwks(), headers)

    def send(self, status: int, body, headers: dict | None = None) -> None:
        content = b"" if body is None else json.dumps(body).encode()
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        if body is not None:
            self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_) -> None:
        pass


def parameters(text: str) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(text).items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--discovery", choices=["oauth", "oidc"], default="oauth")
    parser.add_argument("--tokens", choices=["jwt", "opaque"], default="jwt")
    arguments = parser.parse_args()
    names = {"oauth": "oauth-authorization-server", "oidc": "openid-configuration"}
    Handler.metadata_path = f"/.well-known/{names[arguments.discovery]}"
    Handler.state = AuthorizationServer(arguments.tokens)
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    Handler.state.issuer = f"http://127.0.0.1:{server.server_port}"
    print(Handler.state.issuer, flush=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    sys.stdin.read()


if __name__ == "__main__":
    main()
