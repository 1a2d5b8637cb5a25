// Drives an MCP endpoint with the client of @modelcontextprotocol/sdk, as a program would.
//
//     legacy.mjs {everything,fixture} URL
//
// Prints the names of all checks of the target first (`plan a b c`), then for each one either
// `ok NAME` or `FAIL NAME: why`; see `run`, which counts them.

import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import { LONG, MEGABYTE, MESSAGE, assertRising, main, refused, textOf, why } from "./checks.mjs";
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import {
  CallToolResultSchema,
  CreateMessageRequestSchema,
  ElicitRequestSchema,
  ListRootsRequestSchema,
  LoggingMessageNotificationSchema,
  ResourceListChangedNotificationSchema,
  ResourceUpdatedNotificationSchema,
  ToolListChangedNotificationSchema,
} from "@modelcontextprotocol/sdk/types.js";

const PROTOCOL = "2025-11-25";

/** A client, its transport, and everything the server sent on its own account. */
class Peer {
  heard = [];
  errors = [];
  sampled = [];
  elicited = [];
  rootsAsked = 0;

  constructor(url, fetch) {
    this.url = url;
    this.transport = new StreamableHTTPClientTransport(new URL(url), { fetch });
    this.client = new Client(
      { name: "real-check", version: "1" },
      { capabilities: { sampling: {}, elicitation: { form: {} }, roots: { listChanged: true } } },
    );
    this.client.onerror = (error) => this.errors.push(error);
    this.client.setRequestHandler(CreateMessageRequestSchema, async ({ params }) => {
      this.sampled.push(params);
      return {
        role: "assistant",
        content: { type: "text", text: "sampled: grüße 🌉" },
        model: "real-check",
      };
    });
    this.client.setRequestHandler(ElicitRequestSchema, async ({ params }) => {
      this.elicited.push(params);
      const answers = params.requestedSchema.required.map((key) => [key, "Ada Lovelace"]);
      return { action: "accept", content: Object.fromEntries(answers) };
    });
    this.client.setRequestHandler(ListRootsRequestSchema, async () => {
      this.rootsAsked += 1;
      return { roots: [{ uri: "file:///real/root", name: "real-root" }] };
    });
    for (const schema of [
      LoggingMessageNotificationSchema,
      ResourceListChangedNotificationSchema,
      ResourceUpdatedNotificationSchema,
      ToolListChangedNotificationSchema,
    ]) {
      this.client.setNotificationHandler(schema, (notification) => this.heard.push(notification));
    }
  }

  async open() {
    await this.client.connect(this.transport);
    return this;
  }

  async close() {
    await this.transport.terminateSession();
    await this.client.close();
  }

  /** Waits for a notification that came after the first `after` ones. */
  async hear(method, { after = 0, matching = () => true } = {}) {
    for (let waited = 0; waited < 8000; waited += 20) {
      const found = this.heard.slice(after).find((n) => n.method === method && matching(n.params));
      if (found) return found;
      await sleep(20);
    }
    throw new Error(`no ${method} within 8 s`);
  }

  /** Calls a tool that is to succeed; returns its text. */
  async call(name, args = {}, options = {}) {
    const result = await this.client.request(
      { method: "tools/call", params: { name, arguments: args } },
      CallToolResultSchema,
      options,
    );
    const text = textOf(result);
    assert.ok(!result.isError, `${name} failed: ${text}`);
    return text;
  }
}

/** Calls a tool; returns the progress that had come when the result did, and the result. */
async function progressOf(peer, name, args) {
  const values = [];
  const text = await peer.call(name, args, { onprogress: ({ progress }) => values.push(progress) });
  const beforeResult = [...values];
  await sleep(300);
  assert.deepEqual(values, beforeResult, "progress came after the result");
  assertRising(values);
  return { values, text };
}

/** Cancels a call once it shows progress; nothing may answer it, and the session goes on. */
async function cancelAfterProgress(peer, name, args, wait) {
  const cancel = new AbortController();
  const errorsBefore = peer.errors.length;
  const error = await refused(
    peer.call(name, args, { signal: cancel.signal, onprogress: () => cancel.abort("check") }),
  );
  assert.match(String(error), /check/, `the call ended by itself: ${error}`);
  await peer.client.ping();
  await sleep(wait);
  await peer.client.ping();
  // The client reports an answer that nobody waits for as an error; of progress it says so too.
  const late = peer.errors.slice(errorsBefore).filter((e) => !/progress/.test(e.message));
  assert.deepEqual(late, [], "answered after all");
}

/** Two sessions count their ids from 0; their answers must not cross. */
async function sameIds(peer, name) {
  const [left, right] = await Promise.all([new Peer(peer.url).open(), new Peer(peer.url).open()]);
  assert.notEqual(left.transport.sessionId, right.transport.sessionId);
  const twenty = (of, tag) =>
    Array.from({ length: 20 }, async (_, n) => {
      const text = await of.call(name, { message: `${tag}-${n}` });
      assert.ok(text.includes(`${tag}-${n}`), `asked for ${tag}-${n}, was given ${text}`);
    });
  await Promise.all([...twenty(left, "left"), ...twenty(right, "right")]);
  await Promise.all([left.close(), right.close()]);
}

/**
 * An error that ends a stream ends it for good. This client takes only a result for an end: it
 * comes back for more, and what it is told then must not make it listen a second time.
 */
async function errorInStream(peer, failing) {
  let listening = 0;
  const streamed = async (url, init) => {
    const headers = new Headers(init.headers);
    if (init.method === "POST") headers.set("accept", "text/event-stream");
    const response = await fetch(url, { ...init, headers });
    if (init.method === "GET" && response.ok && !headers.has("last-event-id")) listening += 1;
    return response;
  };
  const other = await new Peer(peer.url, streamed).open();
  await refused(failing(other));
  // It comes back after 1 s, and once more after another.
  await sleep(2600);
  await other.close();
  assert.equal(listening, 1, `after one error the client listens ${listening} times`);
}

async function ping(peer) {
  await peer.client.ping();
}

/** A session that was ended is answered with 404, even to the client that ended it. */
async function terminate(peer) {
  const other = await new Peer(peer.url).open();
  const sessionId = other.transport.sessionId;
  await other.close();
  const again = new StreamableHTTPClientTransport(new URL(peer.url), { sessionId });
  await again.start();
  const error = await refused(again.send({ jsonrpc: "2.0", id: 1, method: "ping" }));
  await again.close();
  assert.equal(error.code, 404, `status after the end: ${error}`);
}

/** A `fetch` that loses the connection of one streamed answer after `events` events with data. */
function losing(events) {
  const state = { lost: false, resumedFrom: null };
  const cut = (body) => {
    const decoder = new TextDecoder();
    let seen = 0;
    return body.pipeThrough(
      new TransformStream({
        transform(chunk, controller) {
          controller.enqueue(chunk);
          seen += (decoder.decode(chunk, { stream: true }).match(/^data: ?\S/gm) ?? []).length;
          if (seen >= events && !state.lost) {
            state.lost = true;
            controller.error(new Error("connection lost"));
          }
        },
      }),
    );
  };
  state.fetch = async (url, init) => {
    state.resumedFrom ??= new Headers(init.headers).get("last-event-id");
    const response = await fetch(url, init);
    const long = typeof init.body === "string" && init.body.includes('"progressToken"');
    if (!long || state.lost) return response;
    return new Response(cut(response.body), response);
  };
  return state;
}

/** A call whose stream breaks off is resumed; nothing is missing and nothing comes twice. */
async function resume(peer, name, args, expected) {
  const state = losing(2);
  const other = await new Peer(peer.url, state.fetch).open();
  const { values } = await progressOf(other, name, args);
  await other.close();
  assert.ok(state.lost, "the connection was never lost");
  assert.ok(state.resumedFrom, "the client did not resume: its events had no ids");
  assert.deepEqual(values, expected, "progress over both streams");
}

/** Nothing came in the whole session that the client could not place, and no stream broke. */
async function quiet(peer) {
  assert.deepEqual(peer.errors.map(why), []);
}

// --- @modelcontextprotocol/server-everything ----------------------------------------------------

const everything = {
  initialize(peer) {
    assert.equal(peer.client.getServerVersion().name, "mcp-servers/everything");
    assert.equal(peer.transport.protocolVersion, PROTOCOL);
    assert.ok(peer.client.getServerCapabilities().resources.subscribe);
    assert.match(peer.transport.sessionId, /^[\x21-\x7e]+$/);
  },
  async "list-tools"(peer) {
    const names = (await peer.client.listTools()).tools.map((tool) => tool.name);
    // The last three exist only for a client whose capabilities reached the server.
    for (const name of ["echo", "get-sum", "trigger-sampling-request", "get-roots-list"]) {
      assert.ok(names.includes(name), `no ${name} in ${names}`);
    }
  },
  async "list-prompts"(peer) {
    const names = (await peer.client.listPrompts()).prompts.map((prompt) => prompt.name);
    assert.ok(names.includes("simple-prompt"), `prompts: ${names}`);
  },
  async "get-prompt"(peer) {
    const args = { city: "Zürich", state: "ZH" };
    const { messages } = await peer.client.getPrompt({ name: "args-prompt", arguments: args });
    assert.ok(messages[0].content.text.includes("Zürich"));
  },
  async "list-resources"(peer) {
    assert.ok((await peer.client.listResources()).resources.length >= 5);
  },
  async "read-resource"(peer) {
    const uri = "demo://resource/dynamic/text/7";
    const { contents } = await peer.client.readResource({ uri });
    assert.match(contents[0].text, /Resource 7/);
  },
  async echo(peer) {
    assert.equal(await peer.call("echo", { message: MESSAGE }), `Echo: ${MESSAGE}`);
  },
  async "echo-megabyte"(peer) {
    const text = await peer.call("echo", { message: MEGABYTE });
    assert.ok(text === `Echo: ${MEGABYTE}`, "echo differs");
  },
  async sum(peer) {
    assert.equal(await peer.call("get-sum", { a: 2, b: 40.5 }), "The sum of 2 and 40.5 is 42.5.");
  },
  async "bad-arguments"(peer) {
    const result = await peer.client.callTool({ name: "get-sum", arguments: { a: "two" } });
    assert.equal(result.isError, true);
  },
  async "error-code"(peer) {
    const error = await refused(peer.client.readResource({ uri: "demo://no/such/resource" }));
    assert.ok([-32002, -32602].includes(error.code), `code: ${error.code}`);
  },
  async progress(peer) {
    const { values, text } = await progressOf(peer, LONG, { duration: 1, steps: 5 });
    assert.deepEqual(values, [1, 2, 3, 4, 5]);
    assert.match(text, /completed/);
  },
  async sampling(peer) {
    const text = await peer.call("trigger-sampling-request", { prompt: "bridge?", maxTokens: 7 });
    assert.deepEqual(peer.sampled.map((params) => params.maxTokens), [7]);
    assert.match(text, /sampled: grüße 🌉/);
  },
  async elicitation(peer) {
    const text = await peer.call("trigger-elicitation-request");
    assert.equal(peer.elicited.length, 1);
    assert.match(text, /Ada Lovelace/);
  },
  async roots(peer) {
    assert.match(await peer.call("get-roots-list"), /file:\/\/\/real\/root/);
    assert.ok(peer.rootsAsked >= 1, "the server never asked for roots");
  },
  async logging(peer) {
    await peer.client.setLoggingLevel("debug");
    await peer.client.subscribeResource({ uri: "demo://resource/dynamic/text/1" });
    const matching = ({ data }) => /Received Subscribe Resource request/.test(data);
    await peer.hear("notifications/message", { matching });
  },
  async "resource-updated"(peer) {
    await peer.call("toggle-subscriber-updates");
    const { params } = await peer.hear("notifications/resources/updated");
    await peer.call("toggle-subscriber-updates");
    assert.equal(params.uri, "demo://resource/dynamic/text/1");
  },
  async "list-changed"(peer) {
    const after = peer.heard.length;
    const data = "data:text/plain;base64,cG9udG9vbg==";
    await peer.call("gzip-file-as-resource", { name: "real.gz", data, outputType: "resourceLink" });
    await peer.hear("notifications/resources/list_changed", { after });
  },
  ping,
  async "at-once"(peer) {
    const one = async (n) => {
      assert.equal(await peer.call("echo", { message: `m${n}` }), `Echo: m${n}`);
    };
    await Promise.all(Array.from({ length: 50 }, (_, n) => one(n)));
  },
  async cancel(peer) {
    await cancelAfterProgress(peer, LONG, { duration: 2, steps: 10 }, 2500);
  },
  async resume(peer) {
    await resume(peer, LONG, { duration: 2, steps: 5 }, [1, 2, 3, 4, 5]);
  },
  async "error-in-stream"(peer) {
    const failing = ({ client }) => client.readResource({ uri: "demo://no/such/resource" });
    await errorInStream(peer, failing);
  },
  async "same-ids"(peer) {
    await sameIds(peer, "echo");
  },
  terminate,
  quiet,
};

// --- the server on the seat of pontoon's core ---------------------------------------------------

const fixture = {
  initialize(peer) {
    assert.equal(peer.client.getServerVersion().name, "fixture");
    assert.equal(peer.transport.protocolVersion, PROTOCOL);
    assert.match(peer.transport.sessionId, /^[\x21-\x7e]+$/);
  },
  async "list-tools"(peer) {
    const names = new Set((await peer.client.listTools()).tools.map((tool) => tool.name));
    for (const name of ["add", "announce", "ask", "echo", "slow"]) {
      assert.ok(names.has(name), name);
    }
  },
  async echo(peer) {
    assert.equal(await peer.call("echo", { message: MESSAGE }), MESSAGE);
  },
  async "echo-megabyte"(peer) {
    assert.ok((await peer.call("echo", { message: MEGABYTE })) === MEGABYTE, "echo differs");
  },
  async add(peer) {
    const sum = await peer.client.callTool({ name: "add", arguments: { a: 2, b: 40.5 } });
    assert.deepEqual(sum.structuredContent, { sum: 42.5 });
  },
  async "bad-arguments"(peer) {
    const error = await refused(peer.call("add", { a: "two", b: 1 }));
    assert.equal(error.code, -32602);
  },
  async "unknown-tool"(peer) {
    const error = await refused(peer.call("no-such-tool"));
    assert.equal(error.code, -32602);
  },
  async progress(peer) {
    const { values } = await progressOf(peer, "slow", { steps: 5, interval_ms: 100 });
    assert.deepEqual(values, [1, 2, 3, 4, 5]);
  },
  async ask(peer) {
    const text = await peer.call("ask", { question: "bridge?" });
    assert.equal(peer.sampled.length, 1);
    assert.equal(peer.elicited.length, 1);
    assert.match(text, /sampled: grüße 🌉/);
    assert.match(text, /Ada Lovelace/);
  },
  async "ask-all-at-once"(peer) {
    const text = await peer.call("test_input_required_result_multiple_inputs");
    for (const said of [/Ada Lovelace/, /sampled: grüße 🌉/, /file:\/\/\/real\/root/]) {
      assert.match(text, said);
    }
    assert.equal(peer.rootsAsked, 1);
  },
  async "ask-in-a-prompt"(peer) {
    const prompt = await peer.client.getPrompt({ name: "test_input_required_result_prompt" });
    assert.match(JSON.stringify(prompt), /Ada Lovelace/);
  },
  async "prompts-and-resources"(peer) {
    const args = { arg1: "hello", arg2: "world" };
    const named = { name: "test_prompt_with_arguments", arguments: args };
    assert.match(JSON.stringify(await peer.client.getPrompt(named)), /world/);
    const { contents } = await peer.client.readResource({ uri: "test://template/7/data" });
    assert.equal(JSON.parse(contents[0].text).id, "7");
    const { completion } = await peer.client.complete({
      ref: { type: "ref/prompt", name: "test_prompt_with_arguments" },
      argument: { name: "arg1", value: "test" },
    });
    assert.ok(completion.values.includes("testValue1"), `completion: ${completion.values}`);
  },
  async "unknown-resource"(peer) {
    const error = await refused(peer.client.readResource({ uri: "test://no-such-resource" }));
    assert.equal(error.code, -32002);
  },
  async logging(peer) {
    await peer.client.setLoggingLevel("debug");
    await peer.call("slow", { steps: 1, interval_ms: 0 });
    const matching = ({ logger }) => logger === "fixture";
    await peer.hear("notifications/message", { matching });
  },
  async "list-changed"(peer) {
    const after = peer.heard.length;
    await peer.call("announce");
    await peer.hear("notifications/tools/list_changed", { after });
  },
  ping,
  async "at-once"(peer) {
    const one = async (n) => assert.equal(await peer.call("echo", { message: `m${n}` }), `m${n}`);
    await Promise.all(Array.from({ length: 50 }, (_, n) => one(n)));
  },
  async cancel(peer) {
    await cancelAfterProgress(peer, "slow", { steps: 10, interval_ms: 100 }, 1500);
  },
  async resume(peer) {
    await resume(peer, "slow", { steps: 5, interval_ms: 300 }, [1, 2, 3, 4, 5]);
  },
  async "error-in-stream"(peer) {
    await errorInStream(peer, (other) => other.call("no-such-tool"));
  },
  async "same-ids"(peer) {
    await sameIds(peer, "echo");
  },
  terminate,
  quiet,
};

main({ everything, fixture }, (url) => new Peer(url).open());
