// The line to the gateway: a WebSocket, or server-sent events and POST where sockets do not get through.
// Every (re)connection says where it stopped; the gateway sends all that came since. A dead line is noticed by silence.

import { SessionLost } from "./session.js";

const PING_AFTER = 25_000; // The gateway says something every 20 s.
const DEAD_AFTER = 40_000;
const HELLO_WITHIN = 10_000;
const ANSWER_WITHIN = 15_000;
const LONGEST_PAUSE = 20_000;

// Why a socket was closed. A frame the gateway cannot read must not be sent again for ever.
const CLOSED = { 1009: "bad_input", 4400: "bad_input", 4401: "unauthorized" };

// Half an emoji, cut off somewhere, is no JSON for the gateway.
const pack = (frame) => JSON.stringify(frame, (_, value) => (typeof value === "string" ? value.toWellFormed() : value));

export class Refusal extends Error {
  constructor(code, reason) {
    super(reason);
    this.code = code;
    this.temporary = code === "offline" || code === "unavailable";
  }
}

export class Link {
  state = "off"; // off | connecting | online | lost (the identity lapsed)
  #base;
  #session;
  #on;
  #wire = null; // { send(frame), close() }
  #token = "";
  #waiting = new Map();
  #failures = 0;
  #sockets = true;
  #heard = 0;
  #retry = 0;
  #turn = 0;

  // on: { place() -> {conversation, after}, frame(frame), state() }
  constructor(base, session, on) {
    this.#base = base;
    this.#session = session;
    this.#on = on;
    setInterval(() => this.#watch(), 5_000);
    addEventListener("online", () => this.#wake());
    addEventListener("offline", () => this.#drop());
    document.addEventListener("visibilitychange", () => document.hidden || this.#wake());
  }

  start() {
    if (this.state === "off" || this.state === "lost") this.#connect();
  }

  // Somebody wants something now: do not wait for the next attempt.
  nudge() {
    if (this.state === "connecting" && !this.#wire) this.#connect();
    else this.start();
  }

  stop() {
    this.#turn++;
    this.#hangUp();
    this.#become("off");
  }

  // Sends a frame and resolves with the answer; rejects with a Refusal.
  async ask(frame) {
    if (this.state !== "online") throw new Refusal("offline", "");
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => this.#drop(), ANSWER_WITHIN);
      this.#waiting.set(frame.id, { resolve, reject, timer });
      this.#wire.send(frame);
    });
  }

  // Sends what may be lost.
  tell(frame) {
    if (this.state === "online") this.#wire.send(frame);
  }

  async authorization() {
    return { Authorization: "Bearer " + (await this.#session.token()) };
  }

  async #connect() {
    const turn = ++this.#turn;
    clearTimeout(this.#retry);
    this.#become("connecting");
    try {
      this.#token = await this.#session.token();
    } catch (error) {
      if (turn === this.#turn) error instanceof SessionLost ? this.#become("lost") : this.#later();
      return;
    }
    if (turn !== this.#turn) return;
    this.#heard = Date.now();
    const events = !this.#sockets || (this.#failures > 1 && this.#failures % 2 === 0);
    try {
      this.#wire = events ? this.#events(turn) : this.#socket(turn);
    } catch {
      this.#drop(); // A policy that bars sockets: events may do.
    }
  }

  #socket(turn) {
    const socket = new WebSocket(this.#base.replace(/^http/, "ws") + "socket");
    const hello = () => ({ type: "hello", token: this.#token, ...this.#on.place() });
    socket.onopen = () => socket.send(pack(hello()));
    socket.onmessage = ({ data }) => turn === this.#turn && this.#hear(JSON.parse(data));
    socket.onclose = ({ code }) => turn === this.#turn && this.#drop(CLOSED[code]);
    return { send: (frame) => socket.send(pack(frame)), close: () => socket.close() };
  }

  #events(turn) {
    const stop = new AbortController();
    this.#listen(turn, stop.signal).catch(() => turn === this.#turn && this.#drop());
    return { send: (frame) => this.#post(frame, turn), close: () => stop.abort() };
  }

  async #listen(turn, signal) {
    const headers = { Authorization: "Bearer " + this.#token, Accept: "text/event-stream" };
    const query = new URLSearchParams(this.#on.place());
    const response = await fetch(`${this.#base}events?${query}`, { headers, signal, credentials: "omit" });
    if (!response.ok) return turn === this.#turn && this.#drop(response.status === 401 ? "unauthorized" : "offline");
    let text = "";
    for (const reader = response.body.pipeThrough(new TextDecoderStream()).getReader(); ; ) {
      const { value, done } = await reader.read();
      if (turn !== this.#turn) return;
      if (done) return this.#drop();
      const parts = (text + value).split("\n\n");
      text = parts.pop();
      for (const part of parts) this.#hear(JSON.parse(part.slice("data: ".length)), false);
    }
  }

  async #post(frame, turn) {
    const headers = { Authorization: "Bearer " + this.#token, "Content-Type": "application/json" };
    const request = { method: "POST", headers, body: pack(frame), credentials: "omit" };
    try {
      const response = await fetch(this.#base + "frames", request);
      const answer = await response.json();
      if (response.status === 401) this.#drop("unauthorized");
      else if (answer) this.#hear({ id: frame.id, ...answer });
    } catch {
      if (turn === this.#turn) this.#drop();
    }
  }

  #hear(frame, sockets = true) {
    this.#heard = Date.now();
    if (frame.type === "hello") {
      this.#failures = 0;
      this.#sockets = sockets;
    }
    const waiting = this.#waiting.get(frame.id);
    if (waiting) this.#settle(frame.id, waiting, frame);
    this.#on.frame(frame);
    if (frame.type === "hello") this.#become("online");
  }

  #settle(id, { resolve, reject, timer }, frame) {
    clearTimeout(timer);
    this.#waiting.delete(id);
    frame.type === "error" ? reject(new Refusal(frame.code, frame.reason)) : resolve(frame);
  }

  #watch() {
    const silence = Date.now() - this.#heard;
    if (this.state === "off" || this.state === "lost" || !this.#wire) return;
    if (silence > (this.state === "online" ? DEAD_AFTER : HELLO_WITHIN)) this.#drop();
    else if (silence > PING_AFTER) this.tell({ type: "ping" });
  }

  // The page is seen again, or the network is back: do not wait for a timer to find out whether the line holds.
  #wake() {
    if (this.state === "connecting") this.nudge();
    if (this.state !== "online") return;
    this.#heard = Math.min(this.#heard, Date.now() - DEAD_AFTER + 5_000);
    this.tell({ type: "ping" });
  }

  // code: what those learn who wait for an answer
  #drop(code = "offline") {
    if (this.state === "off" || this.state === "lost") return;
    if (code === "unauthorized") this.#session.refused(this.#token);
    this.#turn++;
    this.#hangUp(code === "bad_input" ? code : "offline");
    this.#become("connecting");
    this.#later();
  }

  #later() {
    const pause = Math.min(LONGEST_PAUSE, 500 * 2 ** this.#failures++);
    clearTimeout(this.#retry);
    this.#retry = setTimeout(() => this.#connect(), pause * (0.5 + Math.random() / 2));
  }

  #hangUp(code = "offline") {
    clearTimeout(this.#retry);
    this.#wire?.close();
    this.#wire = null;
    for (const [id, waiting] of this.#waiting) this.#settle(id, waiting, { type: "error", code });
  }

  #become(state) {
    if (this.state === state) return;
    this.state = state;
    this.#on.state();
  }
}
