// What the server tells, and what can be asked of it.

export const state = new (class extends EventTarget {
  now = null;
  wire = new Map();
  connected = false;
  chosen = ""; // id of the chat that is shown

  start() {
    const events = new EventSource("/-/events");
    events.addEventListener("open", () => this.#connect(true));
    events.addEventListener("error", () => this.#connect(false));
    events.addEventListener("state", (event) => this.#tell("state", (this.now = JSON.parse(event.data))));
    events.addEventListener("wire", (event) => this.#hear(JSON.parse(event.data)));
  }

  get chat() {
    return this.now?.chats.find((chat) => chat.id === this.chosen) ?? null;
  }

  choose(id) {
    this.chosen = id;
    this.#tell("chosen");
  }

  /** Does something; the answer's chat is shown. Returns why not, or nothing. */
  async act(act, { chat = "", values = {}, files = [] } = {}) {
    const { error, chat: shown } = await post("/-/act", { act, chat, values, files });
    if (error) this.#tell("problem", error);
    else if (shown && shown !== this.chosen) this.choose(shown);
    return error;
  }

  async trouble(values) {
    const { error } = await post("/-/troubles", { values });
    return error;
  }

  async upload(file) {
    const address = `/-/files?name=${encodeURIComponent(file.name)}`;
    const headers = { "Content-Type": file.type || "application/octet-stream" };
    const answer = await fetch(address, { method: "POST", headers, body: file });
    if (!answer.ok) throw new Error(answer.status === 413 ? "it is too large" : `the simulation answered ${answer.status}`);
    return answer.json();
  }

  #connect(connected) {
    if (connected) this.wire.clear(); // the server tells everything again
    this.connected = connected;
    this.#tell("connection");
  }

  #hear(exchanges) {
    for (const exchange of exchanges) this.wire.set(exchange.id, exchange);
    while (this.wire.size > 500) this.wire.delete(this.wire.keys().next().value);
    this.#tell("wire");
  }

  #tell(type, detail) {
    this.dispatchEvent(new CustomEvent(type, { detail }));
  }
})();

async function post(address, body) {
  try {
    const answer = await fetch(address, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) });
    const read = await answer.json().catch(() => ({}));
    return answer.ok || read.error ? read : { error: `The simulation answered ${answer.status}.` };
  } catch {
    return { error: "The simulation does not answer. Does its command still run?" };
  }
}

/** Remembered in this browser. */
export const prefs = {
  get: (name, otherwise) => localStorage.getItem(`simulate.${name}`) ?? otherwise,
  set: (name, value) => localStorage.setItem(`simulate.${name}`, value),
};
