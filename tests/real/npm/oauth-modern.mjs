// Drives a protected endpoint with the `OAuthClientProvider` of @modelcontextprotocol/client, in the
// era that has no sessions.
//
//     oauth-modern.mjs time URL
//
// Prints what `legacy.mjs` prints.

import { Client, StreamableHTTPClientTransport } from "@modelcontextprotocol/client";
import { AuthorizedPeer, run } from "./oauth.mjs";

class Peer extends AuthorizedPeer {
  async open() {
    await this.authorized(() => this.connect());
    return this;
  }

  /** A transport can be started once, so the second try has a new one. */
  async connect() {
    const options = { authProvider: this.user };
    this.transport = new StreamableHTTPClientTransport(new URL(this.url), options);
    const versionNegotiation = { mode: { pin: "2026-07-28" } };
    this.client = new Client({ name: "real-check", version: "1" }, { versionNegotiation });
    await this.client.connect(this.transport);
  }

  async finishAuth(answer) {
    await this.transport.finishAuth(answer);
  }

  async close() {
    await this.client.close();
  }
}

run(Peer);
