// What the chat knows: conversations with their numbered entries, who holds the floor, what has been read.

const MOST_FORMER = 5;

export class Store {
  conversations = []; // { id, entries: Map(number -> entry), status }, oldest first; the last one is current
  typing = null; // { role, text, markup }, with a draft that grows
  #memory;
  #on;
  #quiet = 0;

  // on: { changed(), arrived(id) for each of the client's own messages }
  constructor(memory, on) {
    this.#memory = memory;
    this.#on = on;
    memory.watch(() => on.changed());
  }

  get current() {
    return this.conversations.at(-1) ?? null;
  }

  get status() {
    return this.current?.status ?? null;
  }

  // Where to go on after a break.
  get place() {
    const numbers = [...(this.current?.entries.keys() ?? [])];
    return { conversation: this.current?.id ?? "", after: Math.max(0, ...numbers) };
  }

  has(id) {
    return this.conversations.some(({ entries }) => [...entries.values()].some(({ body }) => body.message?.id === id));
  }

  // Takes entries and the state they lead to; returns the entries that were not known before.
  log({ conversation: status, entries }) {
    const conversation = this.#conversation(status.id);
    if (status.version >= (conversation.status?.version ?? 0)) conversation.status = status;
    const fresh = entries.filter(({ number }) => !conversation.entries.has(number));
    this.#keep(conversation, fresh);
    const role = this.typing?.role; // is the floor's name, too
    if (role !== status.floor || fresh.some(({ body }) => body.role === role)) this.typing = null;
    this.#on.changed();
    return fresh;
  }

  // Takes a page of earlier entries.
  history({ conversation: id, entries }) {
    const known = this.conversations.find((each) => each.id === id);
    const conversation = known ?? { id, entries: new Map(), status: null };
    if (!known) this.conversations.unshift(conversation);
    conversation.whole = entries.length === 0;
    this.#keep(conversation, entries);
    this.#on.changed();
  }

  // What to ask for when somebody scrolls up; null: nothing is left.
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
      if (type === "said" && role === "client") this.#on.arrived(message.id);
    }
    conversation.entries = new Map([...conversation.entries].sort(([a], [b]) => a - b));
  }

  someoneTypes({ active, ...sign }) {
    clearTimeout(this.#quiet);
    this.typing = active && sign.role === this.status?.floor ? { ...this.typing, ...sign } : null;
    this.#quiet = setTimeout(() => ((this.typing = null), this.#on.changed()), 6_000);
    this.#on.changed();
  }

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
    this.#on.changed();
  }

  // Another visitor, another log.
  reset() {
    this.conversations = [];
    this.typing = null;
    this.#on.changed();
  }

  // ... and nothing stays of the one before.
  forget() {
    this.#memory.remove("former", "read");
    this.reset();
  }
}
