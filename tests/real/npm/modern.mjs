// Drives an MCP endpoint with @modelcontextprotocol/client, in the era that has no sessions.
//
//     modern.mjs {everything,fixture} URL
//
// Prints what `legacy.mjs` prints.

import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import { Client, StreamableHTTPClientTransport } from "@modelcontextprotocol/client";
import { LONG, MEGABYTE, MESSAGE, assertRising, main, refused, textOf, why } from "./checks.mjs";

const MODERN = "2026-07-28";

/** A client, what it was asked, and everything the server sent on its own account. */
class Peer {
  heard = [];
  errors = [];
  sampled = [];
  elicited = [];
  rootsAsked = 0;
  /** What the user does before they answer. */
  hesitate = async () => {};

  constructor(url, name = "Ada Lovelace") {
    this.url = url;
    this.name = name;
    this.client = new Client(
      { name: "real-check", version: "1" },
      {
        capabilities: { sampling: {}, elicitation: { form: {}, url: {} }, roots: {} },
        versionNegotiation: { mode: { pin: MODERN } },
      },
    );
    this.client.onerror = (error) => this.errors.push(error);
    this.client.setRequestHandler("sampling/createMessage", async ({ params }) => {
      this.sampled.push(params);
      return {
        role: "assistant",
        content: { type: "text", text: "sampled: grüße 🌉" },
        model: "real-check",
      };
    });
    this.client.setRequestHandler("elicitation/create", async ({ params }) => {
      this.elicited.push(params);
      await this.hesitate();
      if (params.mode === "url") return { action: "accept" };
      const answers = params.requestedSchema.required.map((key) => [key, this.name]);
      return { action: "accept", content: Object.fromEntries(answers) };
    });
    this.client.setRequestHandler("roots/list", async () => {
      this.rootsAsked += 1;
      return { roots: [{ uri: "file:///real/root", name: "real-root" }] };
    });
    for (const method of [
      "notifications/prompts/list_changed",
      "notifications/resources/list_changed",
      "notifications/resources/updated",
      "notifications/tools/list_changed",
    ]) {
      this.client.setNotificationHandler(method, (notification) => this.heard.push(notification));
    }
  }

  async open() {
    await this.client.connect(new StreamableHTTPClientTransport(new URL(this.url)));
    return this;
  }

  async close() {
    await this.client.close();
  }

  /** Subscribes, does something, and waits for what is to come of it. */
  async hear(filter, method, act) {
    const subscription = await this.client.listen(filter);
    assert.deepEqual(subscription.honoredFilter, filter);
    const after = this.heard.length;
    await act();
    for (let waited = 0; waited < 8000; waited += 20) {
      const found = this.heard.slice(after).find((notification) => notification.method === method);
      if (found) {
        await subscription.close();
        assert.equal(await subscription.closed, "local");
        return found;
      }
      await sleep(20);
    }
    throw new Error(`no ${method} within 8 s`);
  }

  /** Calls a tool that is to succeed; returns its text. */
  async call(name, args = {}, options = {}) {
    const result = await this.client.callTool({ name, arguments: args }, options);
    const text = textOf(result);
    assert.ok(!result.isError, `${name} failed: ${text}`);
    return text;
  }
}

/** Calls a tool; returns the progress that had come when the result did. */
async function progressOf(peer, name, args) {
  const values = [];
  await peer.call(name, args, { onprogress: ({ progress }) => values.push(progress) });
  const beforeResult = [...values];
  await sleep(300);
  assert.deepEqual(values, beforeResult, "progress came after the result");
  assertRising(values);
  return values;
}

/** Drops a call once it shows progress; the endpoint must not go on with it. */
async function cancelAfterProgress(peer, name, args) {
  const cancel = new AbortController();
  const error = await refused(
    peer.call(name, args, { signal: cancel.signal, onprogress: () => cancel.abort("check") }),
  );
  assert.match(String(error), /check/, `the call ended by itself: ${error}`);
  const inFlight = async () => {
    const metrics = await (await fetch(new URL("/metrics", peer.url))).text();
    // `pontoon serve` has a line for each server.
    const lines = [...metrics.matchAll(/^pontoon_requests_in_flight(?:\{.*\})? (\d+)$/gm)];
    assert.ok(lines.length > 0, `no metric: ${metrics}`);
    return lines.reduce((sum, line) => sum + Number(line[1]), 0);
  };
  // Other clients may use other servers at the same time, so it is enough to see none once.
  let left = await inFlight();
  for (let waited = 0; waited < 10_000 && left > 0; waited += 20) {
    await sleep(20);
    left = await inFlight();
  }
  assert.equal(left, 0, "requests in flight 10 s after the client left");
}

/** Two users answer the same question at the same time, each in their own way. */
async function crossing(peer, ask) {
  const users = [new Peer(peer.url, "Grace"), new Peer(peer.url, "Edsger")];
  await Promise.all(users.map((user) => user.open()));
  for (let turn = 1; turn <= 5; turn += 1) {
    const bothAsked = async () => {
      while (users.some((user) => user.elicited.length < turn)) await sleep(10);
    };
    const one = async (user, other) => {
      user.hesitate = bothAsked;
      const text = await ask(user);
      assert.ok(text.includes(user.name) && !text.includes(other.name), `${user.name}: ${text}`);
    };
    await Promise.all([one(users[0], users[1]), one(users[1], users[0])]);
  }
  await Promise.all(users.map((user) => user.close()));
}

async function discover(peer, name) {
  assert.equal(peer.client.getServerVersion().name, name);
  assert.equal(peer.client.getNegotiatedProtocolVersion(), MODERN);
}

async function atOnce(peer, prefix) {
  const one = async (n) => {
    assert.equal(await peer.call("echo", { message: `m${n}` }), `${prefix}m${n}`);
  };
  await Promise.all(Array.from({ length: 50 }, (_, n) => one(n)));
}

/** Nothing came that the client could not place, and no stream broke. */
async function quiet(peer) {
  assert.deepEqual(peer.errors.map(why), []);
}

// --- @modelcontextprotocol/server-everything ----------------------------------------------------

const everything = {
  async discover(peer) {
    await discover(peer, "mcp-servers/everything");
    assert.ok(peer.client.getServerCapabilities().resources.subscribe);
  },
  async "list-tools"(peer) {
    const names = (await peer.client.listTools()).tools.map((tool) => tool.name);
    for (const name of ["echo", "trigger-sampling-request", "get-roots-list"]) {
      assert.ok(names.includes(name), `no ${name} in ${names}`);
    }
  },
  async "get-prompt"(peer) {
    const args = { city: "Zürich", state: "ZH" };
    const { messages } = await peer.client.getPrompt({ name: "args-prompt", arguments: args });
    assert.ok(messages[0].content.text.includes("Zürich"));
  },
  async complete(peer) {
    const { completion } = await peer.client.complete({
      ref: { type: "ref/prompt", name: "completable-prompt" },
      argument: { name: "department", value: "S" },
    });
    assert.deepEqual(completion.values.toSorted(), ["Sales", "Support"]);
  },
  async "read-resource"(peer) {
    const uri = "demo://resource/dynamic/text/7";
    const { contents } = await peer.client.readResource({ uri });
    assert.match(contents[0].text, /Resource 7/);
    const error = await refused(peer.client.readResource({ uri: "demo://no/such/resource" }));
    assert.equal(error.code, -32602);
  },
  async echo(peer) {
    assert.equal(await peer.call("echo", { message: MESSAGE }), `Echo: ${MESSAGE}`);
  },
  async "bad-arguments"(peer) {
    const result = await peer.client.callTool({ name: "get-sum", arguments: { a: "two" } });
    assert.equal(result.isError, true);
  },
  async progress(peer) {
    assert.deepEqual(await progressOf(peer, LONG, { duration: 0.5, steps: 5 }), [1, 2, 3, 4, 5]);
  },
  async sampling(peer) {
    const text = await peer.call("trigger-sampling-request", { prompt: "bridge?", maxTokens: 7 });
    assert.deepEqual(peer.sampled.map((params) => params.maxTokens), [7]);
    assert.match(text, /sampled: grüße 🌉/);
  },
  async elicitation(peer) {
    assert.match(await peer.call("trigger-elicitation-request"), /Ada Lovelace/);
    assert.equal(peer.elicited.length, 1);
  },
  async "url-elicitation"(peer) {
    const url = "https://example.org/consent";
    await peer.call("trigger-url-elicitation", { url });
    assert.equal(peer.elicited.at(-1).url, url);
  },
  async roots(peer) {
    assert.match(await peer.call("get-roots-list"), /file:\/\/\/real\/root/);
  },
  async crossing(peer) {
    await crossing(peer, (user) => user.call("trigger-elicitation-request"));
  },
  async "list-changed"(peer) {
    const data = "data:text/plain;base64,cG9udG9vbg==";
    const args = { name: "real.gz", data, outputType: "resourceLink" };
    const act = () => peer.call("gzip-file-as-resource", args);
    const filter = { resourcesListChanged: true };
    await peer.hear(filter, "notifications/resources/list_changed", act);
  },
  async "resource-updated"(peer) {
    const uri = "demo://resource/dynamic/text/1";
    const toggle = () => peer.call("toggle-subscriber-updates");
    const filter = { resourceSubscriptions: [uri] };
    const { params } = await peer.hear(filter, "notifications/resources/updated", toggle);
    assert.equal(params.uri, uri);
    await toggle();
  },
  async "at-once"(peer) {
    await atOnce(peer, "Echo: ");
  },
  async cancel(peer) {
    await cancelAfterProgress(peer, LONG, { duration: 30, steps: 150 });
  },
  quiet,
};

// --- the server on the seat of pontoon's core ---------------------------------------------------

const fixture = {
  async discover(peer) {
    await discover(peer, "fixture");
  },
  async "list-tools"(peer) {
    const names = new Set((await peer.client.listTools()).tools.map((tool) => tool.name));
    for (const name of ["add", "announce", "ask", "echo", "slow"]) {
      assert.ok(names.has(name), name);
    }
  },
  async echo(peer) {
    assert.equal(await peer.call("echo", { message: MESSAGE }), MESSAGE);
    assert.ok((await peer.call("echo", { message: MEGABYTE })) === MEGABYTE, "echo differs");
  },
  async add(peer) {
    const sum = await peer.client.callTool({ name: "add", arguments: { a: 2, b: 40.5 } });
    assert.deepEqual(sum.structuredContent, { sum: 42.5 });
  },
  /** An argument that the request repeats in a header, encoded, because of what it is. */
  async header(peer) {
    const text = await peer.call("test_header_param", { region: " Zürich 🌉 " });
    assert.equal(text, "Region:  Zürich 🌉 ");
  },
  async "bad-arguments"(peer) {
    assert.equal((await refused(peer.call("add", { a: "two", b: 1 }))).code, -32602);
  },
  async "unknown-tool"(peer) {
    assert.equal((await refused(peer.call("no-such-tool"))).code, -32602);
  },
  async progress(peer) {
    const args = { steps: 5, interval_ms: 100 };
    assert.deepEqual(await progressOf(peer, "slow", args), [1, 2, 3, 4, 5]);
  },
  async "ask-one-by-one"(peer) {
    const text = await peer.call("ask", { question: "bridge?" });
    assert.deepEqual([peer.sampled.length, peer.elicited.length], [1, 1]);
    assert.match(text, /sampled: grüße 🌉/);
    assert.match(text, /Ada Lovelace/);
  },
  async "ask-all-at-once"(peer) {
    const text = await peer.call("test_input_required_result_multiple_inputs");
    for (const said of [/Ada Lovelace/, /sampled: grüße 🌉/, /file:\/\/\/real\/root/]) {
      assert.match(text, said);
    }
  },
  async crossing(peer) {
    await crossing(peer, (user) => user.call("test_input_required_result_elicitation"));
  },
  async "list-changed"(peer) {
    const announce = () => peer.call("announce");
    await peer.hear({ toolsListChanged: true }, "notifications/tools/list_changed", announce);
  },
  async "at-once"(peer) {
    await atOnce(peer, "");
  },
  async cancel(peer) {
    await cancelAfterProgress(peer, "slow", { steps: 100, interval_ms: 300 });
  },
  quiet,
};

main({ everything, fixture }, (url) => new Peer(url).open());
