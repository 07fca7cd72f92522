// Words on their way out: kept until the gateway has committed them, over reloads, closed tabs and lost networks.
// Their ids are made here and taken once there, so that sending one twice does no harm.

import { Refusal } from "./link.js";
import { uid } from "./memory.js";

const ADOPT_AFTER = 10_000; // What another tab has not got through by then is sent from here.
const TRY_AGAIN = 1_000;

export class Outbox {
  #memory;
  #link;
  #on;
  #committed = new Map(); // acknowledged, but the log has not brought it yet: id -> item
  #sending = false;

  // on: { about() -> what goes along with each word, seen(id) -> is it in the log?, changed() }
  constructor(memory, link, on) {
    this.#memory = memory;
    this.#link = link;
    this.#on = on;
    setInterval(() => this.flush(), 5_000); // what a closed tab left behind
  }

  get items() {
    const waiting = this.#memory.keys("out.").map((key) => this.#memory.get(key));
    return [...waiting, ...this.#committed.values()].sort((a, b) => a.at - b.at);
  }

  say({ text, files }) {
    const words = text ? [{ type: "text", text, markup: "plain" }] : [];
    const media = files.map(({ attachment }) => ({ type: "media", kind: kindOf(attachment), attachment, caption: "" }));
    this.#post({ text, files: files.map(({ ticket }) => ticket) }, [...words, ...media]);
  }

  press(pressed) {
    this.#post({ pressed }, [{ type: "pressed", ...pressed }]);
  }

  // What the gateway never took keeps its id; what it took and could not deliver is said again, under an id that all
  // tabs agree on.
  retry({ item, id, number, contents }) {
    if (!item) return this.#post({ again: number }, contents, `${id}.r`);
    this.#put({ ...item, failed: "", tab: this.#tab });
    this.flush();
  }

  discard({ id }) {
    this.#memory.remove("out." + id);
    this.#on.changed();
  }

  // The log has it.
  arrived(id) {
    this.#memory.remove("out." + id);
    this.#committed.delete(id);
  }

  clear() {
    this.#memory.remove(...this.#memory.keys("out."));
    this.#committed.clear();
  }

  // Sends what waits, one after another, in the order it was written.
  async flush() {
    if (this.#sending || this.#link.state !== "online") return;
    this.#sending = true;
    try {
      for (let item; (item = this.#next()); ) await this.#deliver(item);
    } catch (error) {
      if (!error.temporary) throw error;
      setTimeout(() => this.flush(), TRY_AGAIN);
    } finally {
      this.#sending = false;
    }
  }

  // say: what the frame carries; contents: what is shown meanwhile.
  #post(say, contents, id = uid()) {
    this.#put({ id, at: Date.now(), tab: this.#tab, say, contents });
    this.#link.nudge();
    this.flush();
  }

  #next() {
    const mine = ({ tab, at }) => tab === this.#tab || Date.now() - at > ADOPT_AFTER;
    return this.items.find((item) => !item.failed && !item.committed && mine(item));
  }

  async #deliver(item) {
    try {
      await this.#link.ask({ type: "say", id: item.id, ...item.say, ...this.#on.about() });
      this.#acknowledged(item);
    } catch (error) {
      if (error.temporary || !(error instanceof Refusal)) throw error;
      this.#put({ ...item, failed: error.code });
    }
  }

  #acknowledged(item) {
    this.#memory.remove("out." + item.id);
    if (!this.#on.seen(item.id)) this.#committed.set(item.id, { ...item, committed: true });
    this.#on.changed();
  }

  #put(item) {
    this.#memory.set("out." + item.id, item);
    this.#on.changed();
  }

  get #tab() {
    try {
      return (sessionStorage["gateway-tab"] ??= uid());
    } catch {
      return "";
    }
  }
}

const kindOf = ({ media_type }) => /^(image(?!\/svg)|audio|video)\//.exec(media_type)?.[1] ?? "document";
