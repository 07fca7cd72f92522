// Puts the page together.

import { ChatView } from "./chat.js";
import { button, h, icon } from "./dom.js";
import { List } from "./list.js";
import { showKeys, showSetup, showTroubles } from "./sheet.js";
import { prefs, state } from "./state.js";
import { Wire } from "./wire.js";

const list = new List();
const chat = new ChatView(() => frame.classList.remove("has-chat"));
const wire = new Wire(() => showWire(false));
const title = h("h1", {});
const part = h("p", { class: "part" });
const pill = h("span", { class: "pill", role: "status" });
const troubles = button("Trouble", { icon: "trouble", kind: "act", title: "Let something go wrong (f)", onclick: showTroubles });
const wireButton = button("Wire log", { icon: "wire", kind: "act", title: "Show the wire log (w)", onclick: () => showWire(frame.classList.contains("no-wire")) });
const head = h(
  "header", { class: "top" },
  h("span", { class: "logo", "aria-hidden": "true" }, icon("wire")),
  h("div", { class: "top-words" }, title, part),
  pill,
  h("div", { class: "tools" }, troubles, wireButton, button("Set-up", { icon: "settings", kind: "act", title: "What the gateway's configuration needs (s)", onclick: showSetup }), button("Light or dark", { icon: "moon", quiet: true, onclick: turnTheme })),
);
const banners = h("div", { class: "banners", role: "status" });
const frame = h("div", { class: "frame" }, list.root, chat.root, wire.root);
const toasts = h("div", { class: "toasts", role: "alert" });
document.querySelector("#app").replaceChildren(head, banners, frame, toasts);

function showWire(shown) {
  frame.classList.toggle("no-wire", !shown);
  wireButton.setAttribute("aria-pressed", String(shown));
  prefs.set("wire", shown ? "yes" : "no");
  if (shown) wire.draw();
}

function turnTheme() {
  const dark = document.documentElement.dataset.theme === "dark" || (!document.documentElement.dataset.theme && matchMedia("(prefers-color-scheme: dark)").matches);
  document.documentElement.dataset.theme = dark ? "light" : "dark";
  prefs.set("theme", document.documentElement.dataset.theme);
}

let fresh = true;

function draw() {
  if (!state.now) return;
  const { title: name, part: role, chats } = state.now;
  document.title = `${name}, simulated`;
  title.textContent = name;
  part.textContent = role;
  if ((!state.chosen || fresh) && !state.chat && chats.length && innerWidth > 760) state.chosen = chats[0].id;
  fresh = false; // from now on a chat that is not there yet will come
  troubles.classList.toggle("is-on", inTrouble(state.now.troubles));
  drawPill();
  drawBanners();
  list.draw();
  chat.draw();
}

function inTrouble({ away, slow_seconds: slow, refuse_times: refusals }) {
  return away || slow > 0 || refusals > 0;
}

function drawPill() {
  const { up } = state.now.gateway;
  const [words, mood] = up ? ["Gateway is up", "good"] : up === null ? ["Looking for the gateway", ""] : ["No gateway", "bad"];
  pill.className = `pill ${mood}`;
  pill.replaceChildren(h("span", { class: "dot" }), h("span", { class: "label" }, words));
  pill.title = state.now.gateway.url;
}

function drawBanners() {
  const { gateway, notices, serve, troubles: now } = state.now;
  const found = [];
  if (!state.connected) found.push({ text: "The simulation does not answer.", cure: "Start its command again; this page comes back by itself." });
  else if (gateway.up === false) found.push({ text: `There is no gateway at ${gateway.url}: ${gateway.problem}.`, cure: serve ? `Start one, for instance: ${serve}` : "Start it; this page goes on by itself.", bad: true });
  else if (gateway.up) found.push(...notices);
  if (inTrouble(now)) found.push({ text: said(now), cure: "", end: true });
  banners.replaceChildren(...found.map(({ text, cure, bad, end }) => h("p", { class: `banner ${bad ? "is-bad" : ""}` }, icon(end ? "trouble" : "warning"), h("span", {}, h("strong", {}, text), " ", cure), end && button("End it", { kind: "small", onclick: () => state.trouble({}) }))));
}

function said({ away, slow_seconds: slow, refuse_times: times, refuse_status: status, refuse_call: call }) {
  const parts = [away && "this side is away", slow > 0 && `answers come ${slow} s late`, times > 0 && `the next ${times === 1 ? "call" : `${times} calls`} ${call ? `of ${call} ` : ""}will be refused with ${status}`];
  const words = parts.filter(Boolean).join(", ");
  return `Trouble: ${words}.`;
}

function toast(words) {
  const node = h("p", { class: "toast" }, icon("warning"), words);
  toasts.append(node);
  setTimeout(() => node.remove(), 6000);
}

document.addEventListener("keydown", (event) => {
  if (document.querySelector("dialog[open]") || event.ctrlKey || event.metaKey) return;
  if (event.altKey && (event.key === "ArrowUp" || event.key === "ArrowDown")) {
    event.preventDefault();
    return list.move(event.key === "ArrowUp" ? -1 : 1);
  }
  if (event.altKey || event.target.matches("input, textarea, select")) return;
  const what = { "/": () => chat.focus(), "?": showKeys, f: showTroubles, s: showSetup, w: () => showWire(frame.classList.contains("no-wire")) }[event.key];
  if (!what || !state.now) return;
  event.preventDefault();
  what();
});

state.addEventListener("state", draw);
state.addEventListener("connection", () => {
  if (state.connected) wire.reset();
  draw();
  fresh = true; // what comes next may be another simulation's
  list.reset();
});
state.addEventListener("wire", () => frame.classList.contains("no-wire") || wire.draw());
state.addEventListener("problem", (event) => toast(event.detail));
state.addEventListener("chosen", () => {
  frame.classList.add("has-chat");
  draw();
  if (innerWidth > 760) chat.focus();
});

const theme = prefs.get("theme", "");
if (theme) document.documentElement.dataset.theme = theme;
showWire(prefs.get("wire", innerWidth > 760 ? "yes" : "no") === "yes");
state.start();
