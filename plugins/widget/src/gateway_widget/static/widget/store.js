// What the chat knows: conversations with their numbered entries, who holds the floor, what is on its way out.

import { uid } from "./memory.js";

const ADOPT_AFTER = 10_000; // A message another tab has not got through by then is sent from here; its id keeps it single.
const MOST_FORMER = 5;

export class Store {
  typing = null; // { role }
  closing = false; // the question whether to end the chat is shown
  conversations = []; // { id, entries: Map(number -> entry), status }, oldest first; the last one is current
  #memory;
  #changed;
  #committed = new Map(); // acknowledged, entry not here yet: id -> item
  #quiet = 0;

  constructor(memory, changed) {
    this.#memory = memory;
    this.#changed = changed;
    memory.watch(() => changed());
  }

  // --- the log ---

  get current() {
    return this.conversations.at(-1) ?? null;
  }

  get status() {
    return this.current?.status ?? null;
  }

  get place() {
    const numbers = [...(this.current?.entries.keys() ?? [])];
    return { conversation: this.current?.id ?? "", after: Math.max(0, ...numbers) };
  }

  // Returns the entries that were not known before.
  log({ conversation: status, entries }) {
    const conversation = this.#conversation(status.id);
    if (status.version >= (conversation.status?.version ?? 0)) conversation.status = status;
    const fresh = entries.filter(({ number }) => !conversation.entries.has(number));
    this.#keep(conversation, fresh);
    if (fresh.some(({ body }) => body.type === "said" && body.role === this.typing?.role)) this.typing = null;
    this.#changed();
    return fresh;
  }

  // Adds a page of earlier entries.
  history({ conversation: id, entries }) {
    const known = this.conversations.find((each) => each.id === id);
    const conversation = known ?? { id, entries: new Map(), status: null };
    if (!known) this.conversations.unshift(conversation);
    conversation.whole = entries.length === 0;
    this.#keep(conversation, entries);
    this.#changed();
  }

  // What to ask for next when somebody scrolls up; null: nothing is left.
  get earlier() {
    const oldest = this.conversations[0];
    if (!oldest) return null;
    const first = Math.min(...oldest.entries.keys());
    if (first > 1 && !oldest.whole) return { conversation: oldest.id, before: Number.isFinite(first) ? first : null };
    const former = this.#memory.get("former", []);
    const id = former[former.indexOf(oldest.id) - 1];
    return id ? { conversation: id } : null;
  }

  #conversation(id) {
    if (this.current?.id !== id) {
      const former = this.#memory.get("former", []).filter((each) => each !== id);
      this.#memory.set("former", [...former, id].slice(-MOST_FORMER));
      this.conversations = this.conversations.filter((each) => each.id !== id);
      this.conversations.push({ id, entries: new Map(), status: null });
    }
    return this.current;
  }

  #keep(conversation, entries) {
    for (const entry of entries) {
      conversation.entries.set(entry.number, entry);
      const { type, role, message } = entry.body;
      if (type === "said" && role === "client") this.#arrived(message.id);
    }
    conversation.entries = new Map([...conversation.entries].sort(([a], [b]) => a - b));
  }

  someoneTypes({ role, active }) {
    clearTimeout(this.#quiet);
    this.typing = active && role !== "client" ? { role } : null;
    this.#quiet = setTimeout(() => ((this.typing = null), this.#changed()), 6_000);
    this.#changed();
  }

  // --- words on their way out: kept until the gateway has them, over reloads too ---

  get tab() {
    try {
      return (sessionStorage["gateway-tab"] ??= uid());
    } catch {
      return "";
    }
  }

  get outbox() {
    const waiting = this.#memory.keys("out.").map((key) => this.#memory.get(key));
    const known = new Set(waiting.map(({ id }) => id));
    const committed = [...this.#committed.values()].filter(({ id }) => !known.has(id));
    return [...waiting, ...committed].sort((a, b) => a.at - b.at);
  }

  // What to send next: own words, and those of a tab that seems to be gone.
  get next() {
    const mine = ({ tab, at }) => tab === this.tab || Date.now() - at > ADOPT_AFTER;
    return this.outbox.find((item) => !item.failed && !item.committed && mine(item));
  }

  // say: what the frame carries; contents: what is shown meanwhile.
  post(say, contents, id = uid()) {
    this.#put({ id, at: Date.now(), tab: this.tab, say, contents });
  }

  acknowledged(item) {
    this.#memory.remove("out." + item.id);
    if (!this.#seen(item.id)) this.#committed.set(item.id, { ...item, committed: true });
    this.#changed();
  }

  refused(item, code) {
    this.#put({ ...item, failed: code });
  }

  retry(item) {
    this.#put({ ...item, failed: "", tab: this.tab });
  }

  discard(item) {
    this.#memory.remove("out." + item.id);
    this.#changed();
  }

  #put(item) {
    this.#memory.set("out." + item.id, item);
    this.#changed();
  }

  #arrived(id) {
    this.#memory.remove("out." + id);
    this.#committed.delete(id);
  }

  #seen(id) {
    return this.conversations.some(({ entries }) => [...entries.values()].some(({ body }) => body.message?.id === id));
  }

  // --- read and unread ---

  get unread() {
    const read = this.#memory.get("read", {});
    const after = read.conversation === this.current?.id ? read.number : 0;
    const theirs = ({ number, body }) => number > after && body.type === "said" && body.role !== "client";
    return [...(this.current?.entries.values() ?? [])].filter(theirs).length;
  }

  markRead() {
    const { conversation, after } = this.place;
    const read = this.#memory.get("read", {});
    if (read.conversation === conversation && read.number >= after) return;
    this.#memory.set("read", { conversation, number: after });
    this.#changed();
  }

  // --- small things all tabs share ---

  recall(key, otherwise) {
    return this.#memory.get(key, otherwise);
  }

  remember(key, value) {
    this.#memory.set(key, value);
    this.#changed();
  }

  // Nothing stays of who was here.
  forget() {
    this.#memory.remove("attributes", "draft", ...this.#memory.keys("out."));
    this.reset();
  }

  // Another visitor, another log. What waits to be sent stays: the same person wrote it.
  reset() {
    this.#memory.remove("former", "read");
    this.conversations = [];
    this.#committed.clear();
    this.typing = null;
    this.#changed();
  }
}
