// The middle: one dialog with its history, who has the floor, and the place to write.

import { Composer } from "./composer.js";
import { avatar, button, h, icon, keyed } from "./dom.js";
import { entryElement, entryStamp, isShown, pendingElement, separator } from "./entry.js";
import { duration, t } from "./i18n.js";
import { clientName, endedWords } from "./names.js";
import { askClose, askForward, askReturn, askTakeOver } from "./sheets.js";

const NEAR_BOTTOM_PX = 80;
const TOGETHER_SECONDS = 120;
const QUIET_MS = 1000;

export class Dialog {
  #session = null;
  #followsBottom = true;

  constructor(desk) {
    this.desk = desk;
    this.state = desk.state;
    this.composer = new Composer(desk);
    this.head = h("header", { class: "dialog-head" });
    this.log = h("div", { class: "log", role: "log", tabindex: 0, "aria-live": "polite", onscroll: () => this.#scrolled() });
    this.lines = h("div", { class: "lines" });
    this.log.append(this.lines);
    this.typing = h("p", { class: "typing", role: "status" });
    this.jump = button(t("act.jump"), { kind: "jump", onclick: () => this.#toBottom(true) });
    this.foot = h("footer", { class: "dialog-foot" });
    this.empty = h("div", { class: "empty" });
    this.view = h("div", { class: "dialog-view" }, this.head, h("div", { class: "log-frame" }, this.log, this.jump), this.typing, this.foot);
    this.root = h("main", { class: "dialog" }, this.empty, this.view);
    const growth = new ResizeObserver(() => this.#followsBottom && this.#toBottom()); // pictures load, the window changes
    growth.observe(this.log);
    growth.observe(this.lines);
  }

  draw() {
    const { selected, card } = this.state;
    this.view.hidden = !card;
    this.empty.hidden = Boolean(card);
    if (!card) return this.#drawEmpty(selected);
    if (this.#session !== selected) this.#enter(selected);
    this.#drawHead(card);
    this.#drawLog(card);
    this.#drawFoot(card);
    this.#markRead(card);
  }

  #enter(session) {
    this.#session = session;
    this.#followsBottom = true;
    this.lines.replaceChildren();
    this.lines.keyedNodes = undefined;
    this.composer.enter(session);
    this.#holdTongue();
    if (this.desk.narrow) requestAnimationFrame(() => this.log.focus({ preventScroll: true }));
  }

  /** A dialog that was just opened is not read out whole; what comes afterwards is. */
  #holdTongue() {
    this.log.setAttribute("aria-live", "off");
    setTimeout(() => this.log.setAttribute("aria-live", "polite"), QUIET_MS);
  }

  #markRead(card) {
    const looks = !document.hidden && document.hasFocus();
    if (looks && this.#followsBottom) this.state.markRead(card.session);
  }

  // --- nothing chosen --------------------------------------------------------------------------------------------

  #drawEmpty(selected) {
    this.#session = null;
    const next = this.#next();
    const kind = selected ? "gone" : next ? "waiting" : "clear";
    keyed(this.empty, [kind], (one) => one, () => next ?? "", () => this.#emptyView(kind, next));
  }

  #emptyView(kind, next) {
    const words = { gone: ["gone.title", "gone.text"], waiting: ["empty.queue-title", "empty.queue-text"], clear: ["empty.title", "empty.text"] }[kind];
    const openNext = () => this.desk.open(next);
    return h(
      "div", { class: "empty-view" },
      icon("inbox"), h("h2", {}, t(words[0])), h("p", {}, t(words[1])),
      kind === "waiting" && button(t("empty.take-next"), { kind: "primary", onclick: openNext }),
      kind === "gone" && button(t("act.back"), { onclick: () => this.desk.open(null) }),
      h("p", { class: "quiet-words" }, t("empty.shortcuts")),
    );
  }

  // --- the head --------------------------------------------------------------------------------------------------

  #drawHead(card) {
    const floor = this.#floor(card);
    const stamp = () => JSON.stringify([card.client, card.channel, card.destination_name, card.state, card.agent, floor, this.desk.detailsOpen]);
    keyed(this.head, [card], (one) => one.session, stamp, () => this.#headView(card, floor));
  }

  #headView(card, [kind, words]) {
    const name = clientName(card.client);
    const where = [card.channel, card.destination_name].filter(Boolean).join(" · ");
    return h(
      "div", { class: "head-row" },
      button(t("act.back"), { icon: "back", quiet: true, kind: "only-phone", onclick: () => this.desk.open(null) }),
      avatar({ ...card.client, name }),
      h("div", { class: "head-words" },
        h("h2", {}, name, h("small", {}, where)),
        h("p", { class: `floor floor-${kind}` }, h("span", { class: "dot", "aria-hidden": "true" }), words)),
      h("div", { class: "acts" }, ...this.#acts(card)),
    );
  }

  #floor(card) {
    const time = duration(this.state.now() - card.since);
    if (card.state === "ended") return ["ended", t("floor.ended")];
    if (card.state === "message") return ["message", t("floor.message")];
    if (card.state === "waiting") {
      return ["waiting", t(card.position ? "floor.waiting" : "floor.waiting-short", { time, position: card.position })];
    }
    return this.state.isMine(card) ? ["mine", t("floor.mine")] : ["colleague", t("floor.colleague", { name: card.agent.name })];
  }

  #acts(card) {
    const { desk } = this;
    const mine = this.state.isMine(card);
    const open = card.state !== "ended";
    const details = button(t("act.details"), {
      icon: "info", quiet: true, key: "d", "aria-pressed": String(desk.detailsOpen), onclick: () => desk.toggleDetails(), "data-focus": "details",
    });
    return [
      open && (mine || card.state === "waiting") &&
        button(t("act.forward"), { icon: "forward", key: "f", kind: "act", onclick: () => askForward(desk), "data-focus": "forward" }),
      mine && button(t("act.return"), { icon: "bot", key: "b", kind: "act", onclick: () => askReturn(desk), "data-focus": "return" }),
      mine && button(t("act.close"), { icon: "check", key: "x", kind: "act", onclick: () => askClose(desk), "data-focus": "close" }),
      details,
    ].filter(Boolean);
  }

  // --- the log -----------------------------------------------------------------------------------------------------

  #drawLog(card) {
    const log = this.state.logs.get(card.session);
    const entries = [...(log?.entries.values() ?? [])].filter(isShown);
    const pending = this.state.pending(card.session).map((one) => ({ ...one, key: one.act.ref }));
    const items = [{ packet: true, key: "packet" }, ...arranged(entries), ...pending];
    const context = { state: this.state, card, log };
    keyed(this.lines, items, itemKey, (item) => this.#stamp(item, context), (item) => this.#line(item, context));
    this.log.setAttribute("aria-label", clientName(card.client));
    if (this.#followsBottom) this.#toBottom();
    this.jump.hidden = this.#followsBottom;
    const typing = (this.state.typing.get(card.session) ?? 0) > Date.now();
    const words = typing ? t("write.typing", { name: clientName(card.client) }) : "";
    if (this.typing.textContent !== words) this.typing.textContent = words;
  }

  #stamp(item, context) {
    if (item.packet) return JSON.stringify(context.card.transfer);
    if (item.day) return item.day;
    return item.act ? JSON.stringify([item.why, this.state.link.connected]) : entryStamp(item, context);
  }

  #line(item, context) {
    if (item.packet) return packetElement(context.card.transfer);
    if (item.day) return separator(item.day);
    return item.act ? pendingElement(item, context, this.composer) : entryElement(item, context);
  }

  #scrolled() {
    const { scrollTop, scrollHeight, clientHeight } = this.log;
    this.#followsBottom = scrollHeight - scrollTop - clientHeight < NEAR_BOTTOM_PX;
    this.jump.hidden = this.#followsBottom;
    if (this.#followsBottom && this.state.card) this.#markRead(this.state.card);
  }

  #toBottom(focus = false) {
    this.#followsBottom = true;
    this.log.scrollTop = this.log.scrollHeight;
    if (focus) this.log.focus();
  }

  // --- below ---------------------------------------------------------------------------------------------------------

  #drawFoot(card) {
    const mine = this.state.isMine(card);
    const kind = mine ? "mine" : card.state === "joined" ? `joined-${card.agent.id}` : card.state;
    const stamp = () => JSON.stringify([kind, card.session, card.ended?.how, card.blocked, this.#next()]);
    keyed(this.foot, [kind], () => "foot", stamp, () => this.#footView(card, mine));
    this.composer.draw(card, mine);
  }

  #footView(card, mine) {
    if (card.state === "ended") return h("div", { class: "foot-view" }, this.#endedRow(card));
    return h("div", { class: "foot-view" }, !mine && this.#takeRow(card), this.composer.root);
  }

  /** The dialog that has waited longest. */
  #next() {
    const waiting = [...this.state.cards.values()].filter((card) => card.state === "waiting");
    return waiting.sort((a, b) => a.since - b.since)[0]?.session;
  }

  #endedRow(card) {
    const next = this.#next();
    const unblock = () => this.state.act({ type: "block", session: card.session, blocked: false });
    return h(
      "div", { class: "take-row" },
      h("p", { class: "hint" }, t("ended.hint"), " ", endedWords(card)),
      card.blocked && this.state.wasMine(card) && button(t("act.unblock"), { onclick: unblock }),
      next && button(t("empty.take-next"), { kind: "primary", onclick: () => this.desk.open(next) }),
    );
  }

  #takeRow(card) {
    const colleague = card.state === "joined";
    const hint = colleague
      ? t("take.colleague-hint", { name: card.agent.name })
      : t(card.state === "message" ? "take.message-hint" : "take.hint");
    const label = colleague ? t("act.take-over", { name: card.agent.name }) : t("act.take-long");
    const done = () => this.state.act({ type: "return", session: card.session });
    return h(
      "div", { class: "take-row" },
      h("p", { class: "hint" }, hint),
      button(t("write.note"), { icon: "note", key: "n", onclick: () => this.composer.focus(true), "data-focus": "note" }),
      card.state === "message" && button(t("act.done"), { icon: "check", onclick: done }),
      button(label, { icon: "take", key: "t", kind: colleague ? "" : "primary", onclick: () => this.take(), "data-focus": "take" }),
    );
  }

  /** Takes the dialog shown; from a colleague only after a question. */
  take() {
    const { card } = this.state;
    if (!card || card.state === "ended" || this.state.isMine(card)) return;
    if (card.state === "joined") return askTakeOver(this.desk);
    this.state.act({ type: "take", session: card.session });
    this.composer.focusWhenMine();
  }
}

function packetElement(transfer) {
  const rows = [
    ["packet.reason", transfer.reason], ["packet.summary", transfer.summary],
    ["packet.first", transfer.first_message], ["packet.theme", transfer.theme],
  ].filter(([, text]) => text);
  if (!rows.length) return h("span", { hidden: true });
  return h(
    "section", { class: "packet" }, h("h3", {}, t("packet.title")),
    h("dl", {}, ...rows.flatMap(([key, text]) => [h("dt", {}, t(key)), h("dd", {}, text)])),
  );
}

function itemKey(item) {
  return item.key ?? item.number;
}

/** Entries by number, with a line between days; words of one author shortly one after another stand together. */
function* arranged(entries) {
  let before = null;
  for (const entry of entries.sort((a, b) => a.number - b.number)) {
    const day = new Date(entry.at * 1000).toDateString();
    if (!before || day !== new Date(before.at * 1000).toDateString()) yield { day: entry.at, key: `day-${day}` };
    yield { ...entry, joins: Boolean(before) && joins(before, entry) };
    before = entry;
  }
}

function joins({ at, body: before }, { at: now, body }) {
  const same = before.type === "said" && body.type === "said" && before.role === body.role && before.author.id === body.author.id;
  return same && body.role !== "system" && now - at < TOGETHER_SECONDS;
}
