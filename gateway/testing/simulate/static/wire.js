// The wire log: every call, newest last, each to be opened.

import { button, bytes, h, icon } from "./dom.js";
import { prefs, state } from "./state.js";

export class Wire {
  #nodes = new Map();
  #after = 0; // cleared up to this id

  constructor(close) {
    this.count = h("span", { class: "count" });
    this.filter = h("input", { type: "search", class: "filter", placeholder: "Filter", "aria-label": "Filter the wire log", oninput: () => this.draw() });
    this.quiet = h("input", { type: "checkbox", id: "quiet-calls", checked: prefs.get("quiet", "") === "yes", onchange: () => this.#showQuiet() });
    const clear = button("Clear", { kind: "small", onclick: () => this.#clear() });
    const out = button("Hide the wire log", { icon: "close", quiet: true, onclick: close });
    this.rows = h("ol", { class: "exchanges" });
    this.empty = h("p", { class: "quiet-words pad" }, "Nothing has come over the wire yet.");
    this.scroll = h("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": "HTTP calls" }, this.rows, this.empty);
    this.root = h(
      "aside", { class: "wire", "aria-label": "Wire log" },
      h("header", {}, h("h2", {}, "Wire log"), this.count, out),
      h("div", { class: "wire-tools" }, this.filter, h("label", { class: "check", for: "quiet-calls" }, this.quiet, "polls too"), clear),
      this.scroll,
    );
  }

  /** The server tells everything again, and may be another one by now. */
  reset() {
    this.#nodes.clear();
    this.#after = 0;
    this.rows.replaceChildren();
  }

  draw() {
    const atEnd = this.scroll.scrollHeight - this.scroll.scrollTop - this.scroll.clientHeight < 60;
    const words = this.filter.value.trim().toLowerCase();
    const shown = [...state.wire.values()].filter((each) => this.#isShown(each, words));
    const wanted = new Set(shown.map((each) => each.id));
    for (const [id, node] of this.#nodes) if (!wanted.has(id)) this.#nodes.delete(id) && node.remove();
    for (const each of shown) this.#place(each);
    this.count.textContent = shown.length || "";
    this.empty.hidden = shown.length > 0;
    if (atEnd) this.scroll.scrollTop = this.scroll.scrollHeight;
  }

  #isShown(each, words) {
    if (each.id <= this.#after || (each.quiet && !this.quiet.checked)) return false;
    return !words || `${each.verb} ${each.url} ${each.call} ${each.status}`.toLowerCase().includes(words);
  }

  #place(each) {
    const old = this.#nodes.get(each.id);
    if (old?.revision === each.revision) return;
    const node = row(each, old?.querySelector("details").open ?? false);
    node.revision = each.revision;
    node.number = each.id;
    this.#nodes.set(each.id, node);
    if (old) return old.replaceWith(node);
    const next = [...this.rows.children].find((other) => other.number > each.id) ?? null;
    this.rows.insertBefore(node, next);
  }

  #showQuiet() {
    prefs.set("quiet", this.quiet.checked ? "yes" : "");
    this.draw();
  }

  #clear() {
    this.#after = Math.max(0, ...state.wire.keys());
    this.draw();
  }
}

function row(each, open) {
  const way = each.direction === "in" ? "from the gateway" : "to the gateway";
  const path = each.url.replace(/^https?:\/\/[^/]+/, "");
  const summary = h(
    "summary", {},
    h("span", { class: `way way-${each.direction}`, role: "img", "aria-label": way, title: way }, icon(each.direction)),
    h("span", { class: "call" }, h("strong", {}, each.call || path), h("small", {}, `${each.verb} ${short(path)}`)),
    h("span", { class: "outcome" }, status(each), h("small", {}, took(each))),
  );
  const details = h("details", { open, class: each.quiet ? "is-quiet" : null }, summary);
  const fill = () => details.open && details.childElementCount === 1 && details.append(inside(each));
  details.addEventListener("toggle", () => {
    fill();
    if (details.open && document.activeElement === summary) details.scrollIntoView({ block: "nearest" });
  });
  fill();
  return h("li", {}, details);
}

/** The ends of a long address are what tells it apart. */
function short(path) {
  return path.length > 36 ? `${path.slice(0, 11)}…${path.slice(-24)}` : path;
}

function status({ status: code }) {
  if (code === null) return h("span", { class: "status" }, "…");
  if (code === 0) return h("span", { class: "status bad" }, "cut");
  return h("span", { class: `status ${code < 300 ? "good" : code < 500 ? "warn" : "bad"}` }, code);
}

function took({ status: code, seconds }) {
  if (code === null) return "";
  return seconds < 1 ? `${Math.round(seconds * 1000)} ms` : `${seconds.toFixed(1)} s`;
}

function inside(each) {
  return h(
    "div", { class: "inside" },
    h("p", { class: "address" }, `${each.verb} ${each.url}`),
    h("p", { class: "quiet-words" }, new Date(each.at * 1000).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit", second: "2-digit", fractionalSecondDigits: 3 })),
    part("Request", each.request_headers, each.request),
    each.status !== null && part(each.status === 0 ? "No answer" : `Answer ${each.status}`, each.response_headers, each.response),
  );
}

function part(title, headers, body) {
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}`).join("\n");
  return h("section", {}, h("h3", {}, title), lines && h("pre", { class: "headers", tabindex: 0 }, lines), content(body));
}

function content(body) {
  if (!body) return h("p", { class: "quiet-words" }, "no body");
  if ("json" in body) return h("pre", { class: "json", tabindex: 0 }, coloured(JSON.stringify(body.json, null, 2)));
  if ("text" in body) return h("pre", { tabindex: 0 }, body.text);
  if ("form" in body) return h("dl", { class: "form" }, body.form.map((one) => h("div", {}, h("dt", {}, one.name), h("dd", {}, one.file ? `${one.file} · ${one.type} · ${bytes(one.bytes)}` : one.text))));
  return h("p", { class: "quiet-words" }, `${bytes(body.bytes)} of ${body.type}`);
}

const TOKEN = /("(?:\\.|[^"\\])*")(\s*:)?|\b(true|false|null)\b|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g;

/** JSON in colours, as nodes. */
function coloured(text) {
  const nodes = [];
  let at = 0;
  for (const match of text.matchAll(TOKEN)) {
    nodes.push(text.slice(at, match.index));
    const kind = match[2] ? "key" : match[1] ? "string" : "other";
    nodes.push(h("span", { class: `j-${kind}` }, match[1] ?? match[0]), match[2] ?? "");
    at = match.index + match[0].length;
  }
  return [...nodes, text.slice(at)];
}
