// What the gateway told us, and what is on its way to it. Views read from here and are told when it changes.

import { forgetOthers, kept, recall, remember } from "./prefs.js";

class Log {
  entries = new Map();
  fates = new Map(); // log number of a message -> its newest Delivery
  last = 0;

  add(entry) {
    this.entries.set(entry.number, entry);
    this.last = Math.max(this.last, entry.number);
    if (entry.body.type === "delivery") this.fates.set(entry.body.number, entry.body);
  }

  has(messageId) {
    return [...this.entries.values()].some(({ body }) => body.type === "said" && body.message.id === messageId);
  }
}

export class State extends EventTarget {
  me = null;
  agents = new Map();
  groups = [];
  canned = [];
  uploadBytes = 0;
  outsideImages = false;
  cards = new Map();
  logs = new Map();
  failed = new Map(); // ref -> { act, reason }: refused messages, kept until the agent decides
  typing = new Map(); // session -> when the sign fades
  selected = null;
  #clockAhead = 0;

  constructor(link) {
    super();
    this.link = link;
    for (const type of ["welcome", "card", "gone", "entries", "typing", "roster", "ok", "refused", "lost"]) {
      link.addEventListener(type, ({ detail }) => this[`_${type}`](detail));
    }
  }

  // --- reading -------------------------------------------------------------------------------------------------

  get agent() {
    return this.agents.get(this.me);
  }

  get card() {
    return this.cards.get(this.selected);
  }

  /** Unix seconds by the gateway's clock. */
  now() {
    return Date.now() / 1000 + this.#clockAhead;
  }

  isMine(card) {
    return card.state === "joined" && card.agent?.id === this.me;
  }

  wasMine(card) {
    return card.state === "ended" && card.agent?.id === this.me;
  }

  unread(card) {
    const read = recall(`read:${card.session}`, 0);
    return [...card.client_lines, ...card.failures].filter((number) => number > read).length;
  }

  /** Whether the client did not get something, and the agent has not seen it yet. */
  hasNewFailure(card) {
    return card.failures.some((number) => number > recall(`read:${card.session}`, 0));
  }

  /** Messages and notes of this agent that are not in the log yet, oldest first. */
  pending(session) {
    const log = this.logs.get(session);
    const acts = this.link.pending.filter((act) => act.session === session && (act.type === "write" || act.type === "note"));
    const failed = [...this.failed.values()].filter(({ act }) => act.session === session);
    return [...failed, ...acts.map((act) => ({ act }))].filter(({ act }) => !log?.has(act.ref));
  }

  // --- doing ---------------------------------------------------------------------------------------------------

  select(session) {
    if (this.selected === session) return;
    if (this.selected) this.link.send({ type: "unfollow", session: this.selected });
    this.selected = session;
    if (session) this.#follow(session);
    this.#changed();
  }

  act(frame) {
    const act = this.link.act(frame);
    this.#changed();
    return act;
  }

  retry(ref) {
    const { act } = this.failed.get(ref);
    this.discard(ref);
    const { ref: _, ...frame } = act;
    this.act(frame);
  }

  discard(ref) {
    this.failed.delete(ref);
    this.#keepFailed();
    this.#changed();
  }

  #keepFailed() {
    kept.save(this.me, "failed", [...this.failed]);
  }

  /** The agent has seen this dialog up to its newest line. */
  markRead(session) {
    const card = this.cards.get(session);
    const newest = Math.max(0, ...(card?.client_lines ?? []), ...(card?.failures ?? []));
    if (newest <= recall(`read:${session}`, 0)) return;
    remember(`read:${session}`, newest);
    this.#changed();
  }

  #follow(session) {
    if (!this.logs.has(session)) this.logs.set(session, new Log());
    this.link.send({ type: "follow", session, after: this.logs.get(session).last });
  }

  // --- what the gateway tells ------------------------------------------------------------------------------------

  _welcome(frame) {
    if (!this.me) this.failed = new Map(kept.load(frame.me, "failed"));
    this.me = frame.me;
    this.#clockAhead = frame.now - Date.now() / 1000;
    this.groups = frame.groups;
    this.canned = frame.canned;
    this.uploadBytes = frame.upload_bytes;
    this.outsideImages = frame.outside_images;
    this.cards = new Map(frame.cards.map((card) => [card.session, card]));
    for (const kind of ["read", "draft"]) forgetOthers(kind, new Set(this.cards.keys()));
    this._roster(frame);
    if (this.selected) this.#follow(this.selected);
    this.dispatchEvent(new Event("connected"));
  }

  _roster({ agents }) {
    this.agents = new Map(agents.map((agent) => [agent.id, agent]));
    this.#changed();
  }

  _card({ card }) {
    const before = this.cards.get(card.session);
    this.cards.set(card.session, card);
    this.dispatchEvent(new CustomEvent("news", { detail: { before, card } }));
    this.#changed();
  }

  _gone({ session }) {
    this.cards.delete(session);
    if (this.selected !== session) this.logs.delete(session);
    this.#changed();
  }

  _entries({ session, entries }) {
    const log = this.logs.get(session);
    for (const entry of entries) log?.add(entry);
    if (entries.some(({ body }) => body.type === "said" && body.role === "client")) this.typing.delete(session);
    this.#changed();
  }

  _typing({ session, active }) {
    if (active) this.typing.set(session, Date.now() + 6000);
    else this.typing.delete(session);
    this.#changed();
  }

  _ok() {
    this.#changed();
  }

  _refused({ ref, act, ...why }) {
    if (act?.type === "write" || act?.type === "note") {
      if (!this.logs.get(act.session)?.has(ref)) this.failed.set(ref, { act, why });
      this.#keepFailed();
    }
    this.dispatchEvent(new CustomEvent("refusal", { detail: { act, ...why } }));
    this.#changed();
  }

  _lost(detail) {
    this.dispatchEvent(new CustomEvent("disconnected", { detail }));
    this.#changed();
  }

  #changed() {
    this.dispatchEvent(new Event("change"));
  }
}
