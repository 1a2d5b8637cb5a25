// What the npm clients have in common: what they say, running checks, saying what went wrong.

import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";

const CHECK_MS = 20_000;

export const LONG = "trigger-long-running-operation";
export const MESSAGE = 'grüße 🌉 "quoted" \\ \u2028 \u0000 tab\t line\nend';
export const MEGABYTE = "0123456789abcdef".repeat(65536);

export function textOf(result) {
  return result.content.filter((part) => part.type === "text").map((part) => part.text).join("\n");
}

/** The error that is to come instead of a result. */
export async function refused(promise) {
  const result = await promise.catch((error) => error);
  assert.ok(result instanceof Error, `expected an error, saw ${JSON.stringify(result)}`);
  return result;
}

export function assertRising(values) {
  const rising = values.every((value, at) => at === 0 || values[at - 1] < value);
  assert.ok(rising, `progress does not rise: ${values}`);
}

export function why(error) {
  return String(error?.message ?? error).replace(/\s+/g, " ").trim().slice(0, 500);
}

/** Runs every check of the target the command line names, one after the other, in one peer. */
export function main(targets, open) {
  run(targets, open, ...process.argv.slice(2)).then(
    // A check that never ends must not keep the program alive.
    () => process.exit(0),
    (error) => {
      console.error(`client ended: ${why(error)}`);
      process.exit(1);
    },
  );
}

async function run(targets, open, target, url) {
  const checks = targets[target];
  if (!checks || !url) throw new Error(`usage: {${Object.keys(targets)}} URL`);
  console.log("plan", Object.keys(checks).join(" "));
  const peer = await within(open(url), CHECK_MS);
  for (const [name, check] of Object.entries(checks)) {
    try {
      await within(Promise.resolve(check(peer)), CHECK_MS);
      console.log(`ok ${name}`);
    } catch (error) {
      console.log(`FAIL ${name}: ${why(error)}`);
    }
  }
  await within(peer.close(), CHECK_MS);
}

function within(promise, milliseconds) {
  const late = sleep(milliseconds, null, { ref: false }).then(() => {
    throw new Error(`not done within ${milliseconds} ms`);
  });
  return Promise.race([promise, late]);
}
