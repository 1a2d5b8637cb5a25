// What the OAuth clients of both npm packages have in common: the user with their storage, and the
// checks, which are those of python/oauth.py.

import assert from "node:assert/strict";
import { main } from "./checks.mjs";

const REDIRECT = "http://127.0.0.1:9/callback";
const TOOL = "get_current_time";
const OTHER_TOOL = "convert_time";
const ARGUMENTS = { timezone: "Asia/Kathmandu" };
const OTHER_ARGUMENTS = {
  source_timezone: "UTC",
  time: "16:30",
  target_timezone: "Asia/Tokyo",
};

/** An `OAuthClientProvider` whose user consents at once. */
export class User {
  redirectUrl = REDIRECT;
  // Without refresh tokens: a refresh keeps the scope, and the SDK would try it in a step-up.
  clientMetadata = {
    client_name: "real-check",
    redirect_uris: [REDIRECT],
    grant_types: ["authorization_code"],
    response_types: ["code"],
    token_endpoint_auth_method: "none",
  };

  clientInformation() {
    return this.client;
  }

  saveClientInformation(client) {
    this.client = client;
  }

  tokens() {
    return this.saved;
  }

  saveTokens(tokens) {
    this.saved = tokens;
  }

  saveCodeVerifier(verifier) {
    this.verifier = verifier;
  }

  codeVerifier() {
    return this.verifier;
  }

  saveDiscoveryState(state) {
    this.discovery = state;
  }

  discoveryState() {
    return this.discovery;
  }

  async redirectToAuthorization(url) {
    const response = await fetch(url, { redirect: "manual" });
    const location = response.headers.get("location") ?? "";
    assert.ok(location.startsWith(REDIRECT), `no redirect to the client: ${location}`);
    this.answer = new URL(location).searchParams;
  }
}

/** A client with its user; the subclass has the SDK's classes. */
export class AuthorizedPeer {
  user = new User();

  constructor(url) {
    this.url = url;
  }

  /** Does something that may need an authorization, and once more after it. */
  async authorized(act) {
    try {
      return await act();
    } catch (error) {
      if (!/Unauthorized/.test(error.name) && !/Unauthorized/.test(error.message)) throw error;
      await this.finishAuth(this.user.answer);
      return act();
    }
  }

  /** Calls a tool that is to succeed; returns its text. */
  async call(name, args) {
    const result = await this.authorized(() => this.client.callTool({ name, arguments: args }));
    assert.ok(!result.isError, `${name} failed: ${JSON.stringify(result.content)}`);
    return result.content[0].text;
  }

  async tools() {
    const { tools } = await this.authorized(() => this.client.listTools());
    return tools.map((tool) => tool.name);
  }

  /** The protected resource metadata (RFC 9728) of the endpoint. */
  async metadata() {
    const url = new URL(this.url);
    url.pathname = `/.well-known/oauth-protected-resource${url.pathname}`;
    return (await fetch(url)).json();
  }

  async control(name, init) {
    const [issuer] = (await this.metadata()).authorization_servers;
    return (await fetch(new URL(`/control/${name}`, issuer), init)).json();
  }

  /** The parameters of this client's requests to the authorization server. */
  async asked(path) {
    const requests = (await this.control("log")).filter((request) => request.path === path);
    const { client_id } = this.user.client;
    return requests.map(({ asked }) => asked).filter((asked) => asked.client_id === client_id);
  }
}

const time = {
  async challenge(peer) {
    const body = JSON.stringify({ jsonrpc: "2.0", id: 1, method: "ping" });
    const headers = { "content-type": "application/json" };
    const response = await fetch(peer.url, { method: "POST", headers, body });
    assert.equal(response.status, 401);
    const challenge = response.headers.get("www-authenticate");
    assert.match(challenge, /^Bearer .*\/\.well-known\/oauth-protected-resource/);
    assert.doesNotMatch(challenge, /error=/);
  },
  async authorized(peer) {
    const asked = await peer.asked("/authorize");
    assert.equal(asked.length, 1, "authorizations");
    assert.equal(asked[0].code_challenge_method, "S256");
    assert.equal(asked[0].resource, (await peer.metadata()).resource);
    assert.equal((await peer.asked("/token"))[0].resource, asked[0].resource);
  },
  async call(peer) {
    assert.equal(JSON.parse(await peer.call(TOOL, ARGUMENTS)).timezone, "Asia/Kathmandu");
    assert.equal((await peer.asked("/authorize")).length, 1, "authorizations");
  },
  async listed(peer) {
    assert.deepEqual(await peer.tools(), [TOOL]);
  },
  async "step-up"(peer) {
    const answer = JSON.parse(await peer.call(OTHER_TOOL, OTHER_ARGUMENTS));
    assert.equal(answer.time_difference, "+9.0h");
    const scopes = (await peer.asked("/authorize")).map(({ scope }) => scope.includes(OTHER_TOOL));
    assert.deepEqual(scopes, [false, true], "which authorizations asked for the second tool");
  },
  async "listed-after-step-up"(peer) {
    const names = await peer.tools();
    assert.ok(names.includes(OTHER_TOOL), `tools: ${names}`);
  },
  /** A token is asked for after the key of the server has changed. */
  async rotation(peer) {
    await peer.control("rotate", { method: "POST" });
    peer.user.saved = undefined;
    assert.equal(JSON.parse(await peer.call(TOOL, ARGUMENTS)).timezone, "Asia/Kathmandu");
    assert.equal((await peer.asked("/authorize")).length, 3, "authorizations");
  },
};

export function run(Peer) {
  main({ time }, (url) => new Peer(url).open());
}
