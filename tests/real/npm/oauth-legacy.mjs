// Drives a protected endpoint with the `OAuthClientProvider` of @modelcontextprotocol/sdk.
//
//     oauth-legacy.mjs time URL
//
// Prints what `legacy.mjs` prints.

import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
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
    this.client = new Client({ name: "real-check", version: "1" });
    await this.client.connect(this.transport);
  }

  async finishAuth(answer) {
    await this.transport.finishAuth(answer.get("code"));
  }

  async close() {
    await this.transport.terminateSession();
    await this.client.close();
  }
}

run(Peer);
