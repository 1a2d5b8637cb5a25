// Uses all servers of `pontoon serve` at once with the client of @modelcontextprotocol/sdk.
//
//     CALLS=calls.json many.mjs many ORIGIN
//
// Prints what `legacy.mjs` prints: a check for each server, all of which run at the same time.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { textOf, why } from "./checks.mjs";
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";

const CALLS_EACH = 10;

/** Opens a session with a server, lists its tools and calls one of them. */
async function use(origin, name, call) {
  const transport = new StreamableHTTPClientTransport(new URL(`${origin}/${name}/mcp`));
  const client = new Client({ name: "real-check", version: "1" });
  await client.connect(transport);
  const names = (await client.listTools()).tools.map((tool) => tool.name);
  assert.ok(names.includes(call.tool), `no ${call.tool} in ${names}`);
  for (let turn = 0; turn < CALLS_EACH; turn += 1) {
    const text = textOf(await client.callTool({ name: call.tool, arguments: call.arguments }));
    assert.ok(text.includes(call.expected), `no ${call.expected} in ${text}`);
  }
  await transport.terminateSession();
  await client.close();
}

async function report(origin, name, call) {
  try {
    await use(origin, name, call);
    console.log(`ok ${name}`);
  } catch (error) {
    console.log(`FAIL ${name}: ${why(error)}`);
  }
}

const origin = process.argv[3];
const calls = JSON.parse(await readFile(process.env.CALLS, "utf8"));
console.log("plan", Object.keys(calls).join(" "));
await Promise.all(Object.entries(calls).map(([name, call]) => report(origin, name, call)));
process.exit(0);
