// <gateway-chat>: puts the parts together. What is known lives in store and outbox; every change draws the parts anew.

import { Attention } from "./attention.js";
import { Composer } from "./composer.js";
import { h, icon } from "./dom.js";
import { items } from "./items.js";
import { Link, Refusal } from "./link.js";
import { Log } from "./log.js";
import { dress, PHONE, TOUCH } from "./look.js";
import { Memory, uid } from "./memory.js";
import { Outbox } from "./outbox.js";
import { Panel } from "./panel.js";
import { Preview } from "./preview.js";
import { Session } from "./session.js";
import { Store } from "./store.js";
import { loadTexts } from "./texts.js";
import { Uploads } from "./uploads.js";

const PATIENCE = 1_500; // a shorter break of the line is not worth a word

export class Chat extends HTMLElement {
  #events = new EventTarget();
  #ready = false;
  #drawing = false;
  #paging = false;
  #asking = false; // the question whether to end the chat is shown
  #restless = false; // the line has been down for long enough to say so
  #focus = null; // what to focus once it can be seen
  #visitor = null;
  #news = false; // the page told something about the visitor that the gateway does not know yet
  #told = {};

  // config: the instance's options, as changed by the page; base: the instance's address, with a slash at the end
  async prepare(config, base) {
    this.config = config;
    this.base = base;
    this.memory = new Memory(`gateway-chat:${base}:`);
    const changed = () => this.#draw();
    this.store = new Store(this.memory, { changed, arrived: (id) => this.outbox.arrived(id) });
    this.session = new Session(base, this.memory);
    this.link = new Link(base, this.session, {
      place: () => (this.#recognise(), this.store.place),
      frame: (frame) => this.#hear(frame),
      state: () => this.#lineChanged(),
    });
    this.outbox = new Outbox(this.memory, this.link, {
      about: () => this.#about(),
      seen: (id) => this.store.has(id),
      changed,
    });
    this.attachShadow({ mode: "open" });
    const wanted = [config.lang, document.documentElement.lang, ...navigator.languages];
    [this.say] = await Promise.all([loadTexts(config, wanted), dress(this, config)]);
    this.#build();
    this.#begin();
  }

  // --- what the page may ask for ---

  open() {
    this.#focus = this.#home;
    this.#remember("open", true);
    this.link.nudge();
    this.#greet();
  }

  close() {
    if (this.shadowRoot.activeElement) this.#focus = this.launcher;
    this.#remember("open", false);
  }

  on(name, listener) {
    if (name === "ready" && this.#ready) listener();
    this.#events.addEventListener(name, (listener.heard = ({ detail }) => listener(detail)));
  }

  off(name, listener) {
    this.#events.removeEventListener(name, listener.heard);
  }

  async identify(proof) {
    await this.session.identify(proof);
    this.#meet(); // What was not sent yet stays: it was written by the same person.
  }

  logout() {
    this.session.forget();
    this.memory.remove("attributes", "draft");
    this.outbox.clear();
    this.#meet();
  }

  setAttributes(attributes) {
    this.memory.set("attributes", { ...this.memory.get("attributes", {}), ...attributes });
    this.#news = true;
    this.#tellNews();
  }

  ready() {
    this.#ready = true;
    this.#emit("ready");
  }

  // --- building ---

  #build() {
    const { say, config } = this;
    const faces = { root: new URL("..", this.base).href, avatar: config.avatar };
    this.log = new Log(say, { ...faces, ...this.#logActs() });
    this.composer = this.#buildComposer();
    this.panel = new Panel(say, { log: this.log, composer: this.composer, on: { ...faces, ...this.#panelActs() } });
    this.preview = new Preview(say, { ...faces, open: () => this.open() });
    this.attention = new Attention(this.memory, () => config.sound && !this.#muted && !this.#watched);
    this.badge = h("span", { class: "badge", hidden: true });
    const toggle = () => (this.isOpen ? this.close() : this.open());
    const signs = [icon("chat"), icon("down"), this.badge];
    this.launcher = h("button", { type: "button", class: "launcher", onclick: toggle }, signs);
    this.lang = say.language;
    this.dir = say.direction;
    this.shadowRoot.append(this.panel.node, this.preview.node, this.launcher);
  }

  #buildComposer() {
    const { say, config, base, link } = this;
    const uploads = new Uploads({ base, link, limit: config.uploadBytes, say, changed: () => this.composer.show() });
    const on = {
      send: (words) => this.outbox.say(words),
      typing: (active) => link.tell({ type: "typing", active }),
      draft: () => this.memory.get("draft", ""),
      save: (text) => this.memory.set("draft", text),
    };
    return new Composer(say, { uploads, limit: config.textLength, files: config.uploads, on });
  }

  #logActs() {
    return {
      press: (button) => this.#then(() => this.outbox.press(button)),
      retry: (item) => this.#then(() => this.outbox.retry(item)),
      discard: ({ item }) => this.#then(() => this.outbox.discard(item)),
      earlier: () => this.#earlier(),
    };
  }

  #panelActs() {
    return {
      close: () => this.close(),
      mute: () => this.#remember("muted", !this.#muted),
      askEnd: (asking) => (asking ? this.#askEnd(true) : this.#then(() => this.#askEnd(false))),
      end: () => this.#then(() => (this.#askEnd(false), this.#ask({ type: "end" }))),
      leave: () => this.#then(() => this.#ask({ type: "leave" })),
      restart: () => this.#then(() => this.#start()),
      drop: (files) => this.config.uploads && this.composer.take(files),
    };
  }

  #begin() {
    this.#visitor = this.session.known?.visitor ?? null;
    if (PHONE.matches) this.memory.set("open", false); // Filling a phone unasked would be rude.
    if (this.config.open != null && this.memory.get("open") === null) this.memory.set("open", true);
    if (this.#visitor || this.isOpen) this.link.start();
    document.addEventListener("visibilitychange", () => this.#draw());
    PHONE.addEventListener("change", () => (this.panel.close(), this.#draw()));
    this.memory.watch((key) => key === "session" && this.#meet());
    this.#draw();
  }

  // --- the line ---

  #hear(frame) {
    if (frame.type === "log") this.#notify(this.store.log(frame));
    if (frame.type === "history") this.store.history(frame);
    if (frame.type === "typing") this.store.someoneTypes(frame);
    if (frame.type === "hello") frame.conversation ? this.store.someoneTypes({}) : this.store.forget();
    this.#tellNews();
  }

  #lineChanged() {
    this.#restless = false;
    if (this.link.state === "online") {
      this.#greet();
      this.#tellNews();
      this.outbox.flush();
    } else {
      setTimeout(() => ((this.#restless = this.link.state !== "online"), this.#draw()), PATIENCE);
    }
    this.#draw();
  }

  // Tells whether somebody else is here now; then the log of whoever was here before is gone from the screen.
  #recognise() {
    const visitor = this.session.known?.visitor ?? null;
    const other = visitor !== this.#visitor;
    if (other && this.#visitor) this.store.forget();
    this.#visitor = visitor;
    return other;
  }

  // This page or another tab said who is here.
  #meet() {
    if (!this.#recognise() && this.link.state !== "lost") return;
    this.link.stop();
    if (this.#visitor || this.isOpen) this.link.start();
  }

  // Lets the bot speak first when somebody opens the chat who has none yet.
  #greet() {
    if (this.isOpen && this.link.state === "online" && !this.store.current) this.#start();
  }

  #start() {
    this.#ask({ type: "start", ...this.#about() });
  }

  #about() {
    const facts = { page: location.origin + location.pathname, ...this.memory.get("attributes", {}) };
    const bounded = ([key, value]) => [key.slice(0, 64), String(value).slice(0, 500)];
    const attributes = Object.fromEntries(Object.entries(facts).slice(0, 50).map(bounded));
    return { attributes, language: this.say.language };
  }

  // Asks for something that can be asked for again; what must not get lost goes through the outbox.
  #ask(frame) {
    return this.link.ask({ id: uid(), ...frame }).catch((error) => {
      if (!(error instanceof Refusal)) throw error;
    });
  }

  async #tellNews() {
    if (!this.#news || !this.store.current || this.link.state !== "online") return;
    this.#news = false;
    const change = { type: "change", id: uid(), ...this.#about() };
    await this.link.ask(change).catch((error) => (this.#news = error.temporary));
  }

  async #earlier() {
    const wanted = this.store.earlier;
    if (this.#paging || !wanted || this.link.state !== "online") return;
    this.#paging = true;
    await this.#ask({ type: "history", ...wanted });
    this.#paging = false;
  }

  #notify(entries) {
    if (this.link.state !== "online") return; // A replay after a break is not news one by one.
    for (const { number, body } of entries) {
      if (body.type !== "said" || body.role === "client") continue;
      this.#emit("message", { role: body.role, author: body.author.name, contents: body.message.contents });
      this.attention.ring(`${this.store.current.id}.${number}`);
      if (!this.isOpen) this.preview.show(body);
    }
  }

  // --- showing ---

  get isOpen() {
    return this.memory.get("open", false);
  }

  get #muted() {
    return this.memory.get("muted", false);
  }

  get #watched() {
    return this.isOpen && document.visibilityState === "visible" && document.hasFocus();
  }

  // For all tabs, from now on.
  #remember(key, value) {
    this.memory.set(key, value);
    this.#draw();
  }

  // Where the focus goes when what had it is gone.
  get #home() {
    return TOUCH.matches ? this.log : this.composer;
  }

  #then(act) {
    act();
    this.#home.focus();
  }

  #askEnd(asking) {
    this.#asking = asking;
    this.#draw();
  }

  // Many changes in a row are drawn once.
  #draw() {
    if (this.#drawing || !this.panel) return;
    this.#drawing = true;
    queueMicrotask(() => {
      this.#drawing = false;
      this.#show();
    });
  }

  #show() {
    const { store, isOpen } = this;
    const view = this.#view();
    this.#showWindow(isOpen);
    this.panel.show(view);
    const typing = this.#typing(view);
    this.log.show(items(store.conversations, this.outbox.items, typing, this.say), typing);
    this.composer.show(store.status?.blocked || this.link.state === "lost");
    if (isOpen && document.visibilityState === "visible") store.markRead();
    this.#showLauncher(isOpen, store.unread);
    this.#tell({ open: isOpen, unread: store.unread, status: this.#status(view) });
  }

  #showWindow(isOpen) {
    if (isOpen !== this.panel.node.open) isOpen ? this.panel.open(PHONE.matches) : this.panel.close();
    if (isOpen) this.preview.hide();
    this.toggleAttribute("open", isOpen);
    this.#focus?.focus({ preventScroll: true });
    this.#focus = null;
  }

  #showLauncher(isOpen, unread) {
    this.badge.hidden = unread === 0;
    this.badge.textContent = unread > 99 ? "99+" : unread;
    const label = this.say(isOpen ? "close" : "open");
    this.launcher.ariaLabel = unread ? `${label}, ${this.say("unread", { n: unread })}` : label;
    this.launcher.ariaExpanded = isOpen;
    this.attention.count(unread);
  }

  #typing({ agent }) {
    const { typing } = this.store;
    return typing && { ...typing, name: (typing.role === "agent" && agent?.name) || "" };
  }

  // What the panel shows besides the log.
  #view() {
    const { status } = this.store;
    const running = Boolean(status) && status.floor !== "closed";
    return {
      ...this.#banner(status),
      agent: status?.agent ?? null,
      leave: running ? status.leave : null,
      running,
      ended: Boolean(status) && !running,
      asking: this.#asking && running,
      sound: this.config.sound,
      muted: this.#muted,
    };
  }

  #banner(status) {
    const { say } = this;
    const { onLine } = navigator;
    if (this.link.state === "lost") return { banner: say("identity_expired") };
    if (status?.blocked) return { banner: say("blocked") };
    const away = this.#restless && this.link.state !== "off";
    if (away) return { banner: say(onLine ? "connecting" : "offline"), busy: onLine };
    if (status?.floor !== "waiting") return { banner: "" };
    if (status.position) return { banner: say("queued", { n: status.position }), busy: true };
    return { banner: say(status.stage === "queued" ? "queued_soon" : "finding"), busy: true };
  }

  // --- telling the page ---

  #status({ agent }) {
    return { connection: this.link.state, floor: this.store.status?.floor ?? null, agent: agent?.name ?? null };
  }

  #tell(now) {
    const before = { open: false, unread: 0, ...this.#told };
    this.#told = now;
    if (now.open !== before.open) this.#emit(now.open ? "open" : "close");
    if (now.unread !== before.unread) this.#emit("unread", now.unread);
    if (JSON.stringify(now.status) !== JSON.stringify(before.status)) this.#emit("status", now.status);
  }

  #emit(name, detail) {
    this.#events.dispatchEvent(new CustomEvent(name, { detail }));
  }
}
