"use strict";

// Every text that comes from a server is put in as text, never as HTML.
const PERIOD_MS = 2000;
const HISTORY = 60;
const FILTER_FROM = 9;

// The rows, by the key of their server. Servers with errors can have one path together, or none.
const rows = new Map();
const key = (server) => JSON.stringify([server.name, server.path]);
const byId = (id) => document.getElementById(id);

function set(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

function announce(text) {
  set(byId("announcement"), "");
  set(byId("announcement"), text);
}

const count = new Intl.NumberFormat("en");
const rate = new Intl.NumberFormat("en", { maximumFractionDigits: 1 });

function time(ms) {
  if (ms === null || ms === undefined) return "\u2013";
  if (ms < 0.1) return "<0.1 ms";
  if (ms < 1000) return `${ms.toFixed(ms < 10 ? 1 : 0)} ms`;
  return `${(ms / 1000).toFixed(ms < 10000 ? 1 : 0)} s`;
}

// The format of each figure.
const FIGURES = {
  sessions: (value) => count.format(value),
  requests: (value) => count.format(value),
  requests_per_second: (value) => rate.format(value),
  errors: (value) => count.format(value),
  p50_ms: time,
  p99_ms: time,
};

// Quotes a word for a shell.
function word(text) {
  return /^[A-Za-z0-9_.@%+=:,\/-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}

// Returns the name for `claude mcp add`, which accepts letters, digits, hyphens and underscores.
function claudeName(name) {
  return name.replaceAll(/[^A-Za-z0-9_-]+/g, "-").replace(/^-+|-+$/g, "") || "server";
}

// The settings of clients, by the name of the client. A token is to be put in by the reader.
function snippets(name, url, needsToken) {
  const json = (value) => JSON.stringify(value, null, 2);
  const headers = needsToken ? { headers: { Authorization: "Bearer YOUR_TOKEN" } } : {};
  const option = needsToken ? ' --header "Authorization: Bearer YOUR_TOKEN"' : "";
  return {
    "Claude Code": `claude mcp add --transport http ${claudeName(name)} ${word(url)}${option}`,
    "VS Code: .vscode/mcp.json": json({ servers: { [name]: { type: "http", url, ...headers } } }),
    "Cursor: .cursor/mcp.json": json({ mcpServers: { [name]: { url, ...headers } } }),
    "Other clients": json({ mcpServers: { [name]: { type: "http", url, ...headers } } }),
  };
}

async function copy(button, text) {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    // Without TLS, browsers offer the clipboard to pages of this machine only.
    const area = document.createElement("textarea");
    area.value = text;
    area.className = "unseen";
    document.body.append(area);
    area.select();
    const copied = document.execCommand("copy");
    area.remove();
    button.focus();
    if (!copied) return announce("The browser does not allow this page to copy");
  }
  button.textContent = "Copied";
  announce(`Copied: ${button.getAttribute("aria-label")}`);
  setTimeout(() => { button.textContent = "Copy"; }, 1500);
}

function copies(button, label, text) {
  button.setAttribute("aria-label", label);
  button.onclick = () => copy(button, text);
}

function addRow(server, url, needsToken) {
  const row = byId("server").content.firstElementChild.cloneNode(true);
  const part = (selector) => row.querySelector(selector);
  part("h2").textContent = server.name;
  for (const ways of [".address", "details"]) part(ways).hidden = url === null;
  part(".address code").textContent = url;
  copies(part(".address button"), `Copy the URL of ${server.name}`, url);
  for (const [client, text] of Object.entries(url === null ? {} : snippets(server.name, url, needsToken))) {
    const figure = byId("snippet").content.firstElementChild.cloneNode(true);
    figure.querySelector("span").textContent = client;
    figure.querySelector("pre").textContent = text;
    copies(figure.querySelector("button"), `Copy the settings for ${client}`, text);
    part(".snippets").append(figure);
  }
  const known = { row, part, url, needsToken, name: server.name, state: undefined, history: [] };
  rows.set(key(server), known);
  return known;
}

function show(server, url, needsToken) {
  let known = rows.get(key(server));
  if (known && (known.url !== url || known.needsToken !== needsToken)) {
    known.row.remove();
    known = undefined;
  }
  known ??= addRow(server, url, needsToken);
  const { part } = known;
  if (known.state !== undefined && known.state !== server.state) announce(`${server.name} is ${server.state}`);
  known.state = server.state;
  part(".state").dataset.state = server.state;
  set(part(".state"), server.state);
  part(".reason").hidden = !server.reason;
  set(part(".reason"), server.reason ?? "");
  for (const figures of ["dl", ".rate"]) part(figures).toggleAttribute("hidden", server.requests === undefined);
  for (const [name, format] of Object.entries(FIGURES)) {
    set(part(`[data-of=${name}]`), format(server[name] ?? (name.endsWith("_ms") ? null : 0)));
  }
  draw(known, server.requests ?? 0);
  return known.row;
}

// Draws the requests of each of the last periods.
function draw(known, requests) {
  const { history, part } = known;
  history.push(requests);
  if (history.length > HISTORY + 1) history.shift();
  const steps = history.slice(1).map((total, at) => Math.max(0, total - history[at]));
  const most = Math.max(4, ...steps);
  const from = HISTORY - steps.length;
  const points = steps.map((step, at) => `${(((from + at) * 120) / (HISTORY - 1)).toFixed(1)},${(23 - (22 * step) / most).toFixed(1)}`);
  part("polyline").setAttribute("points", points.join(" "));
}

function summary(site) {
  const states = new Map();
  for (const { state } of site.servers) states.set(state, (states.get(state) ?? 0) + 1);
  const parts = [...states].map(([state, number]) => `${number} ${state}`);
  const total = site.servers.length;
  const servers = total === 1 ? "1 server" : `${total} servers`;
  const problem = site.problem ? ` \u2013 ${site.problem}` : "";
  return `${servers}: ${parts.join(", ")}${problem}`;
}

function filter() {
  const wanted = byId("search").value.trim().toLowerCase();
  for (const { row, name } of rows.values()) row.hidden = !name.toLowerCase().includes(wanted);
}

// Returns the part of the URLs before the path of a server. A gateway may have put a prefix there.
function base(site) {
  if (!site.origin) return location.origin + location.pathname.replace(/\/$/, "");
  // The endpoints are at another port than this page, and perhaps on all addresses.
  const url = new URL(site.origin);
  if (["0.0.0.0", "[::]"].includes(url.hostname)) url.hostname = location.hostname;
  return url.origin;
}

function update(site) {
  const list = byId("servers");
  const keys = new Set(site.servers.map(key));
  for (const [known, { row }] of rows) {
    if (keys.has(known)) continue;
    row.remove();
    rows.delete(known);
  }
  site.servers.forEach((server, at) => {
    const url = server.path === null ? null : base(site) + server.path;
    const row = show(server, url, site.needs_token === true);
    if (list.children[at] !== row) list.insertBefore(row, list.children[at] ?? null);
  });
  byId("empty").hidden = site.servers.length > 0;
  byId("filter").hidden = site.servers.length < FILTER_FROM;
  set(byId("summary"), site.servers.length ? summary(site) : site.problem ?? "");
  filter();
}

async function poll() {
  const connection = byId("connection");
  try {
    const options = { headers: { accept: "application/json" }, cache: "no-store", signal: AbortSignal.timeout(10000) };
    const response = await fetch(location.pathname, options);
    if (!response.ok) throw new Error(`status ${response.status}`);
    update(await response.json());
    connection.classList.remove("lost");
    set(connection, "live");
  } catch {
    connection.classList.add("lost");
    set(connection, "connection lost, retrying");
  }
}

async function run() {
  let wake = () => {};
  document.addEventListener("visibilitychange", () => wake());
  for (;;) {
    if (!document.hidden) await poll();
    await new Promise((resolve) => {
      wake = resolve;
      setTimeout(resolve, PERIOD_MS);
    });
  }
}

byId("search").addEventListener("input", filter);
run();
