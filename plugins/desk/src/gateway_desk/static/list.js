// The left side: who is there, who waits, my chats, my colleagues' chats, what is over.

import { avatar, button, h, icon, keyed } from "./dom.js";
import { clock, duration, t } from "./i18n.js";
import { clientName } from "./names.js";
import { recall, remember } from "./prefs.js";
import { openSettings } from "./settings.js";
import { openHelp } from "./shortcuts.js";

const SECTIONS = ["mine", "waiting", "messages", "colleagues", "finished"];
const LATE_SECONDS = 60;
const VERY_LATE_SECONDS = 300;

export class List {
  #sections = new Map();

  constructor(desk) {
    this.desk = desk;
    this.state = desk.state;
    this.group = recall("group", "");
    this.me = h("div", { class: "me" });
    this.status = this.#makeStatus();
    this.filter = h("div", { class: "filter", role: "group", "aria-label": t("list.groups") });
    const body = h("nav", { class: "sections", "aria-label": t("list.label") });
    for (const name of SECTIONS) body.append(this.#makeSection(name));
    const tools = h(
      "div", { class: "tools" },
      button(t("act.help"), { icon: "help", quiet: true, key: "?", onclick: () => openHelp() }),
      button(t("act.settings"), { icon: "settings", quiet: true, onclick: () => openSettings(desk) }),
    );
    this.root = h(
      "aside", { class: "side" },
      h("header", { class: "side-head" }, h("h1", {}, this.#title()), tools),
      h("div", { class: "me-row" }, this.me, this.status),
      this.filter,
      body,
    );
  }

  // --- groups: agents of several may look at one of them ------------------------------------------------------------

  #drawFilter() {
    const own = this.state.groups.filter(({ id }) => this.state.agent.groups.includes(id));
    this.filter.hidden = own.length < 2;
    if (!own.some(({ id }) => id === this.group)) this.group = "";
    const choices = [{ id: "", name: t("list.all-groups") }, ...own];
    const stamp = ({ id }) => `${id === this.group} ${this.#waitingFor(id)}`;
    keyed(this.filter, choices, ({ id }) => `group-${id}`, stamp, (group) => this.#filterButton(group));
  }

  #filterButton({ id, name }) {
    const choose = () => {
      this.group = id;
      remember("group", id);
      this.desk.draw();
    };
    const pressed = String(id === this.group);
    return h("button", { type: "button", class: "chip", "aria-pressed": pressed, "data-focus": "chip", onclick: choose },
      name, h("span", { class: "count" }, this.#waitingFor(id) || ""));
  }

  #waitingFor(group) {
    const waiting = [...this.state.cards.values()].filter((card) => card.state === "waiting");
    return waiting.filter((card) => !group || card.destination === group).length;
  }

  #isInGroup(card) {
    return !this.group || card.destination === this.group || card.destination === this.state.me;
  }

  /** Open dialogs in the order shown: what next and previous go through. */
  sessions() {
    return SECTIONS.flatMap((name) => this.#cards(name).map((card) => card.session));
  }

  /** Puts the focus on a dialog's line, as one returns from it. */
  focus(session) {
    this.root.querySelector(`[data-session="${CSS.escape(session)}"]`)?.focus();
  }

  draw() {
    this.#drawMe();
    this.#drawFilter();
    for (const name of SECTIONS) this.#drawSection(name);
    this.#drawTitle();
  }

  #title() {
    return document.title.replace(/^\(\d+\) /, "");
  }

  #drawTitle() {
    const { state } = this;
    const mine = this.#cards("mine").reduce((sum, card) => sum + state.unread(card), 0);
    const count = mine + this.#waitingFor("");
    document.title = count ? `(${count}) ${this.#title()}` : this.#title();
  }

  #makeStatus() {
    const choice = (online, text) => h(
      "button",
      { type: "button", role: "radio", class: `status-choice ${online ? "online" : "away"}`,
        onclick: () => this.state.act({ type: "status", online }) },
      h("span", { class: "dot", "aria-hidden": "true" }), text,
    );
    const group = h(
      "div", { class: "status", role: "radiogroup", "aria-label": t("status.label"), onkeydown: (event) => this.#arrow(event) },
      choice(true, t("status.online")), choice(false, t("status.away")),
    );
    return group;
  }

  #arrow(event) {
    if (!/^Arrow/.test(event.key)) return;
    event.preventDefault();
    const other = this.status.querySelector('[aria-checked="false"]');
    other.click();
    other.focus();
  }

  #drawMe() {
    const agent = this.state.agent;
    keyed(this.me, [agent], (one) => one.id, (one) => one.name, (one) =>
      h("div", { class: "me-name" }, avatar(one, "agent"), h("strong", {}, one.name)));
    const [online, away] = this.status.children;
    const pending = this.state.link.pending.findLast((act) => act.type === "status");
    const declared = pending ? pending.online : agent.declared;
    for (const [choice, on] of [[online, declared], [away, !declared]]) {
      choice.setAttribute("aria-checked", String(on));
      choice.tabIndex = on ? 0 : -1;
    }
  }

  #makeSection(name) {
    const heading = h("h2", { id: `section-${name}` }, t(`list.${name}`), h("span", { class: "count" }));
    const items = h("ul", { "aria-labelledby": `section-${name}` });
    const empty = { waiting: t("list.nobody-waits"), mine: t("list.no-chats") }[name];
    const note = h("p", { class: "section-empty", hidden: true }, empty ?? "");
    const section = h("section", { class: `section section-${name}` }, heading, items, note);
    this.#sections.set(name, { section, heading, items, note });
    return section;
  }

  #cards(name) {
    const { state } = this;
    const cards = [...state.cards.values()].filter((card) => state.isMine(card) || card.ended || this.#isInGroup(card));
    const oldestFirst = (a, b) => a.since - b.since;
    const newestFirst = (a, b) => (b.last?.at ?? b.since) - (a.last?.at ?? a.since);
    switch (name) {
      case "waiting": return cards.filter((card) => card.state === "waiting").sort(oldestFirst);
      case "messages": return cards.filter((card) => card.state === "message").sort(oldestFirst);
      case "mine": return cards.filter((card) => state.isMine(card)).sort((a, b) => a.joined_at - b.joined_at);
      case "colleagues": return cards.filter((card) => card.state === "joined" && !state.isMine(card)).sort(newestFirst);
      default: return cards.filter((card) => state.wasMine(card) || card.ended && card.session === state.selected)
        .sort((a, b) => b.ended.at - a.ended.at).slice(0, 30);
    }
  }

  #drawSection(name) {
    const { section, heading, items, note } = this.#sections.get(name);
    const cards = this.#cards(name);
    heading.querySelector(".count").textContent = cards.length || "";
    section.hidden = !cards.length && !["waiting", "mine"].includes(name);
    note.hidden = cards.length > 0;
    keyed(items, cards, (card) => card.session, (card) => this.#stamp(card), (card) => this.#item(card));
  }

  #stamp(card) {
    const selected = card.session === this.state.selected;
    const typing = this.#isTyping(card);
    return JSON.stringify([card, selected, this.state.unread(card), this.#time(card), this.#lateness(card), typing]);
  }

  #isTyping(card) {
    return (this.state.typing.get(card.session) ?? 0) > Date.now();
  }

  #item(card) {
    const unread = this.state.isMine(card) ? this.state.unread(card) : 0;
    const selected = card.session === this.state.selected;
    const name = clientName(card.client);
    const press = h(
      "button",
      { type: "button", class: "item", "aria-current": selected ? "true" : null, dataset: { session: card.session, focus: "item" },
        onclick: () => this.desk.open(card.session) },
      avatar({ ...card.client, name }),
      h("span", { class: "item-name" }, name),
      h("span", { class: `item-time ${this.#lateness(card)}` }, this.#waitsSince(card) && icon("clock"), this.#time(card)),
      h("span", { class: `item-last ${this.state.isMine(card) && this.state.hasNewFailure(card) ? "failed" : ""}` }, this.#isTyping(card) ? t("write.typing", { name: "" }).trim() : this.#preview(card)),
      unread > 0 && h("span", { class: "badge" }, h("span", { "aria-hidden": "true" }, unread),
        h("span", { class: "hidden-words" }, t("list.unread", { count: unread }))),
      h("span", { class: "item-tags" }, ...this.#tags(card)),
    );
    return h("li", {}, press);
  }

  #tags(card) {
    const tag = (text, kind = "") => h("span", { class: `tag ${kind}` }, text);
    const personal = this.state.agents.has(card.destination);
    const forWhom = personal ? t("list.for", { name: card.destination_name }) : card.destination_name;
    return [
      forWhom && tag(forWhom, card.destination === this.state.me ? "for-me" : ""),
      tag(card.channel),
      card.state === "joined" && !this.state.isMine(card) && tag(t("list.with", { name: card.agent.name }), "with"),
    ].filter(Boolean);
  }

  #preview(card) {
    if (this.state.isMine(card) && this.state.hasNewFailure(card)) return t("list.failed");
    if (card.state === "waiting" && card.transfer.reason) return card.transfer.reason;
    const { last } = card;
    if (!last) return "";
    const text = last.text || t(`preview.${last.kind}`);
    if (last.role === "bot") return t("list.bot", { text });
    return last.role === "agent" && this.state.isMine(card) ? t("list.you", { text }) : text;
  }

  #time(card) {
    const since = this.#waitsSince(card);
    if (since) return duration(this.state.now() - since);
    return clock(card.ended?.at ?? card.last?.at ?? card.since);
  }

  /** Since when the client waits, for anybody or for my answer. */
  #waitsSince(card) {
    if (card.state === "waiting") return card.since;
    return this.state.isMine(card) ? card.unanswered_since : null;
  }

  #lateness(card) {
    const since = this.#waitsSince(card);
    const waits = since ? this.state.now() - since : 0;
    if (waits > VERY_LATE_SECONDS) return "very-late";
    return waits > LATE_SECONDS ? "late" : "";
  }
}
