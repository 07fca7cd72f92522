// The left column: chats, who is online, what can be done above all chats.

import { avatar, button, clock, h, icon, keyed } from "./dom.js";
import { doAct } from "./sheet.js";
import { state } from "./state.js";

export class List {
  #seen = null; // by chat: the line that was last when somebody looked

  constructor() {
    this.heading = h("h2", { id: "chats-title" });
    this.items = h("ul", { class: "items", "aria-labelledby": "chats-title" });
    this.empty = h("p", { class: "quiet-words pad" });
    this.acts = h("div", { class: "list-acts" });
    this.switches = h("div", { class: "switches", role: "group", "aria-label": "Who is online" });
    this.root = h("nav", { class: "side", "aria-label": "Chats" }, this.heading, h("div", { class: "scroll" }, this.items, this.empty), this.switches, this.acts);
  }

  /** Another simulation, other chats. */
  reset() {
    this.#seen = null;
  }

  draw() {
    const { chats, chatWord, empty, acts, switches } = state.now;
    this.heading.textContent = chatWord;
    this.empty.textContent = empty;
    this.empty.hidden = chats.length > 0;
    this.#seen ??= new Map(chats.map((chat) => [chat.id, chat.lines.at(-1)?.id]));
    if (state.chat) this.#seen.set(state.chosen, state.chat.lines.at(-1)?.id);
    keyed(this.items, chats.map((chat) => brief(chat, this.#seen.get(chat.id))), (item) => item.id, (item, old) => this.#item(item, old));
    keyed(this.switches, switches, (one) => one.name, (one, old) => this.#switch(one, old));
    this.switches.hidden = !switches.length;
    keyed(this.acts, acts, (act) => act.name, (act) => button(act.label, { icon: act.icon, title: act.hint, onclick: () => doAct(act) }));
    this.acts.hidden = !acts.length;
  }

  /** Goes to the next chat, or the one before. */
  move(step) {
    const ids = state.now.chats.map((chat) => chat.id);
    if (ids.length) state.choose(ids[(ids.indexOf(state.chosen) + step + ids.length) % ids.length]);
  }

  #item(item, old) {
    const focused = old?.contains(document.activeElement);
    const choose = h(
      "button",
      { type: "button", class: `item ${item.fresh ? "is-new" : ""}`, "aria-current": item.chosen ? "true" : null, onclick: () => state.choose(item.id) },
      avatar(item.title, item.id),
      h("span", { class: "item-name" }, item.title),
      h("span", { class: "item-time" }, item.at ? clock(item.at) : ""),
      h("span", { class: "item-last" }, item.last),
      item.fresh && h("span", { class: "item-new", role: "img", "aria-label": "new" }),
      item.status && h("span", { class: `item-tags tag ${item.mood}` }, item.status),
    );
    if (focused) queueMicrotask(() => choose.focus());
    return h("li", {}, choose);
  }

  #switch(one, old) {
    const focused = old?.contains(document.activeElement);
    const flip = () => state.act("switch", { values: { name: one.name, on: one.on ? "" : "yes" } });
    const toggle = h("button", { type: "button", class: "switch", role: "switch", "aria-checked": String(one.on), onclick: flip }, h("span", {}, one.label), h("span", { class: "quiet-words" }, one.on ? "online" : "nobody"), h("span", { class: "knob" }));
    if (focused) queueMicrotask(() => toggle.focus());
    return toggle;
  }
}

function brief({ id, title, status, mood, lines }, seen) {
  const last = lines.at(-1);
  const words = last ? last.spans.map((span) => span.text).join("") || last.files[0]?.name || "" : "";
  const fresh = id !== state.chosen && last !== undefined && last.id !== seen;
  return { id, title, status, mood, last: words.slice(0, 120), at: last?.at ?? 0, chosen: id === state.chosen, fresh };
}

export const none = () => h("div", { class: "nothing" }, icon("wire"), h("p", {}, state.now?.empty ?? ""));
