// The socket: comes back by itself, notices a dead line, and sends again what was not confirmed.

import { kept } from "./prefs.js";

const PING_MS = 15_000;
const SILENCE_MS = 35_000;
const CALM_MS = 5000;
const WAITS_MS = [300, 1000, 2000, 4000, 8000, 15_000];

export class Link extends EventTarget {
  #socket = null;
  #tries = 0;
  #retry = null;
  #calm = null;
  #heard = 0;
  #agent = null;
  #build = null;
  #unsent = new Map();
  #ready = false;
  #stopped = false;

  start() {
    setInterval(() => this.#beat(), PING_MS);
    addEventListener("online", () => this.#connect());
    addEventListener("offline", () => this.#socket?.close());
    document.addEventListener("visibilitychange", () => !document.hidden && this.#wakeUp());
    this.#connect();
  }

  stop() {
    this.#stopped = true;
    this.#socket?.close();
  }

  get connected() {
    return this.#ready;
  }

  /** Sends something that may be lost. */
  send(frame) {
    if (this.#ready) this.#socket.send(JSON.stringify(frame));
  }

  /** Does something exactly once, however often the line breaks. Ends in an `ok` or `refused` event with its ref. */
  act(frame) {
    const act = { ref: crypto.randomUUID(), ...frame };
    this.#unsent.set(act.ref, act);
    this.#save();
    this.send(act);
    return act;
  }

  get pending() {
    return [...this.#unsent.values()];
  }

  /** Loads the page again; what was not confirmed is kept and sent from there. */
  reload() {
    this.leaving = true;
    location.reload();
  }

  /** Gives up an act: it is not sent again. */
  forget(ref) {
    if (this.#unsent.delete(ref)) this.#save();
  }

  #save() {
    kept.save(this.#agent, "unsent", this.pending);
  }

  #connect() {
    clearTimeout(this.#retry);
    if (this.#stopped || (this.#socket && this.#socket.readyState <= WebSocket.OPEN)) return;
    const address = new URL("socket", document.baseURI);
    address.protocol = address.protocol.replace("http", "ws");
    const socket = new WebSocket(address);
    this.#socket = socket;
    this.#heard = Date.now();
    socket.addEventListener("message", (event) => this.#hear(socket, JSON.parse(event.data)));
    socket.addEventListener("close", (event) => this.#lost(socket, event));
  }

  #hear(socket, frame) {
    if (socket !== this.#socket) return;
    this.#heard = Date.now();
    if (frame.type === "welcome") this.#welcome(frame);
    else this.#tell(frame);
  }

  #welcome(frame) {
    if (!this.#agent) {
      this.#agent = frame.me;
      this.#unsent = new Map(kept.load(frame.me, "unsent").map((act) => [act.ref, act]));
      this.#build = frame.build;
    } else if (this.#agent !== frame.me || this.#build !== frame.build) return this.reload(); // another person or version
    this.#ready = true;
    this.#calm = setTimeout(() => (this.#tries = 0), CALM_MS);
    this.#tell(frame);
    for (const act of this.#unsent.values()) this.send(act);
  }

  #tell(frame) {
    if (frame.type === "ok" || frame.type === "refused") {
      frame.act = this.#unsent.get(frame.ref);
      this.forget(frame.ref);
    }
    this.dispatchEvent(new CustomEvent(frame.type, { detail: frame }));
  }

  #lost(socket, event) {
    if (socket !== this.#socket) return;
    this.#socket = null;
    this.#ready = false;
    clearTimeout(this.#calm);
    this.dispatchEvent(new CustomEvent("lost", { detail: event }));
    const wait = WAITS_MS[Math.min(this.#tries++, WAITS_MS.length - 1)];
    this.#retry = setTimeout(() => this.#connect(), wait * (0.8 + 0.4 * Math.random()));
  }

  #beat() {
    if (!this.#socket) return;
    if (Date.now() - this.#heard > SILENCE_MS) this.#drop();
    else this.send({ type: "ping" });
  }

  /** Half-open: our side believes in the line, nothing comes. Do not wait for the close handshake. */
  #drop() {
    const socket = this.#socket;
    socket.close();
    this.#lost(socket, {});
  }

  #wakeUp() {
    if (this.#socket) this.#beat();
    else this.#connect();
  }
}
