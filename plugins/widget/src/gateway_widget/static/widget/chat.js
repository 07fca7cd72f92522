// <gateway-chat>: puts the parts together. What is known lives in the store; every change draws the parts anew.

import { Composer } from "./composer.js";
import { h, icon } from "./dom.js";
import { items } from "./items.js";
import { Link, Refusal } from "./link.js";
import { Log } from "./log.js";
import { Memory, uid } from "./memory.js";
import { Panel } from "./panel.js";
import { Preview } from "./preview.js";
import { Session } from "./session.js";
import { chime } from "./sound.js";
import { Store } from "./store.js";
import { loadTexts } from "./texts.js";
import { Uploads } from "./uploads.js";

const PHONE = matchMedia("(max-width: 480px), (max-height: 420px)");
const PATIENCE = 1_500; // a shorter break of the line is not worth a word

const stylesheet = fetch(new URL("style.css", import.meta.url)).then(async (response) => {
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(await response.text());
  return sheet;
});

export class Chat extends HTMLElement {
  #events = new EventTarget();
  #drawing = false;
  #sending = false;
  #paging = false;
  #restless = false; // the line has been down for long enough to say so
  #ready = false;
  #unread = 0;
  #focus = null; // what to focus once it can be seen
  #visitor = null;
  #last = {};

  // config: the instance's options; base: the address of the instance, with a slash at the end
  async prepare(config, base) {
    this.config = config;
    this.base = base;
    this.memory = new Memory(`gateway-chat:${base}:`);
    this.store = new Store(this.memory, () => this.#draw());
    this.session = new Session(base, this.memory);
    this.link = new Link(base, this.session, {
      place: () => this.store.place,
      frame: (frame) => this.#hear(frame),
      state: () => this.#lineChanged(),
    });
    const wanted = [config.page.lang, document.documentElement.lang, ...navigator.languages];
    const [say, sheet] = await Promise.all([loadTexts(config, wanted), stylesheet]);
    this.say = say;
    this.#build(sheet);
    this.#begin();
  }

  // --- what the page and the parts can do ---

  get isOpen() {
    return this.store.recall("open", false);
  }

  open() {
    this.#focus = this.composer;
    this.store.remember("open", true);
    this.link.nudge();
    this.#greet();
  }

  close() {
    if (this.shadowRoot.activeElement) this.#focus = this.launcher;
    this.store.remember("open", false);
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
    this.#meet();
  }

  logout() {
    this.session.forget();
    this.store.forget();
    this.#meet();
  }

  setAttributes(attributes) {
    const strings = Object.fromEntries(Object.entries(attributes).map(([key, value]) => [key, String(value)]));
    this.store.remember("attributes", { ...this.store.recall("attributes", {}), ...strings });
    if (this.store.current) this.#ask({ type: "change", ...this.#about() });
  }

  ready() {
    this.#ready = true;
    this.#emit("ready");
  }

  // --- building ---

  #build(sheet) {
    const { say, config } = this;
    const root = this.shadowRoot ?? this.attachShadow({ mode: "open" });
    root.adoptedStyleSheets = [sheet];
    this.lang = say.language;
    this.dir = say.direction;
    this.dataset.theme = config.page.theme ?? config.theme;
    this.dataset.position = config.page.position ?? config.position;
    this.style.setProperty("--accent", config.page.accent ?? config.accent);
    this.style.setProperty("--on-accent", readable(config.page.accent ?? config.accent));
    const faces = { root: new URL("..", this.base).href, avatar: config.avatar };
    const files = { base: this.base, link: this.link, limit: config.uploadBytes, say, changed: () => this.composer.show() };
    this.log = new Log(say, {
      ...faces, press: (pressed) => this.#press(pressed),
      retry: (item) => this.#retry(item), discard: ({ item }) => this.store.discard(item), earlier: () => this.#earlier(),
    });
    this.composer = new Composer(say, {
      uploads: new Uploads(files), limit: config.textLength, files: config.uploads,
      on: {
        send: (words) => this.#say(words), typing: (active) => this.link.tell({ type: "typing", active }),
        draft: () => this.store.recall("draft", ""), save: (text) => this.memory.set("draft", text),
      },
    });
    this.panel = new Panel(say, { log: this.log, composer: this.composer, on: { ...faces, ...this.#panelActs() } });
    this.badge = h("span", { class: "badge", hidden: true });
    this.launcher = h("button", { type: "button", class: "launcher", onclick: () => (this.isOpen ? this.close() : this.open()) },
      icon("chat"), icon("down"), this.badge);
    this.preview = new Preview(say, { ...faces, open: () => this.open() });
    root.replaceChildren(this.panel.node, this.preview.node, this.launcher);
  }

  #panelActs() {
    return {
      close: () => this.close(),
      mute: () => this.store.remember("muted", !this.store.recall("muted", false)),
      askEnd: (asking) => ((this.store.closing = asking), this.#draw(), asking || this.composer.focus()),
      end: () => ((this.store.closing = false), this.#ask({ type: "end" }), this.#draw(), this.composer.focus()),
      leave: () => (this.#ask({ type: "leave" }), this.composer.focus()),
      restart: () => (this.#ask({ type: "start", ...this.#about() }), this.composer.focus()),
      drop: (files) => this.config.uploads && this.composer.take(files),
    };
  }

  #begin() {
    if (PHONE.matches) this.memory.set("open", false); // Filling a phone unasked would be rude.
    if (this.config.page.open != null && this.store.recall("open") === null) this.memory.set("open", true);
    if (this.session.known || this.isOpen) this.link.start();
    document.addEventListener("visibilitychange", () => this.#draw());
    visualViewport?.addEventListener("resize", () => this.#fitViewport());
    visualViewport?.addEventListener("scroll", () => this.#fitViewport());
    PHONE.addEventListener("change", () => (this.panel.close(), this.#draw()));
    setInterval(() => this.#flush(), 5_000); // what another tab left behind
    this.memory.watch((key) => key === "session" && this.#meet());
    this.#fitViewport();
    this.#draw();
  }

  // --- the line ---

  #hear(frame) {
    if (frame.type === "log") this.#notify(this.store.log(frame));
    if (frame.type === "history") this.store.history(frame);
    if (frame.type === "typing") this.store.someoneTypes(frame);
    if (frame.type === "hello" && !frame.conversation && this.store.current) this.store.reset();
  }

  #lineChanged() {
    if (this.link.state === "online") {
      this.#restless = false;
      this.#visitor = this.session.known?.visitor ?? null;
      this.#greet();
      this.#flush();
    } else {
      setTimeout(() => ((this.#restless = this.link.state !== "online"), this.#draw()), PATIENCE);
    }
    this.#draw();
  }

  // Somebody else is here now, perhaps because another tab said so: their log, not the one before.
  #meet() {
    const visitor = this.session.known?.visitor ?? null;
    if (visitor === this.#visitor && this.link.state !== "lost") return;
    this.#visitor = visitor;
    this.store.reset();
    this.link.stop();
    if (visitor || this.isOpen) this.link.start();
  }

  // Lets the bot speak first when somebody opens the chat who has none yet.
  #greet() {
    if (this.isOpen && this.link.state === "online" && !this.store.current) this.#ask({ type: "start", ...this.#about() });
  }

  #about() {
    const page = location.origin + location.pathname;
    return { attributes: { page, ...this.store.recall("attributes", {}) }, language: this.say.language };
  }

  #ask(frame) {
    return this.link.ask({ id: uid(), ...frame }).catch((error) => {
      if (!(error instanceof Refusal)) throw error;
    });
  }

  // --- words ---

  #say({ text, files }) {
    const words = text ? [{ type: "text", text, markup: "plain" }] : [];
    const media = files.map(({ attachment }) => ({ type: "media", kind: kindOf(attachment), attachment, caption: "" }));
    this.#post({ text, files: files.map(({ ticket }) => ticket) }, [...words, ...media]);
  }

  #press(pressed) {
    this.#post({ pressed }, [{ type: "pressed", ...pressed }]);
    this.composer.focus();
  }

  #post(say, contents, id) {
    this.store.post(say, contents, id);
    this.link.nudge();
    this.#flush();
  }

  // A message the gateway never took keeps its id; one that it took and could not deliver is said again, under an id
  // that all tabs agree on.
  #retry({ item, id, number, contents }) {
    if (!item) return this.#post({ again: number }, contents, `${id}.r`);
    this.store.retry(item);
    this.#flush();
  }

  async #flush() {
    if (this.#sending || this.link.state !== "online") return;
    this.#sending = true;
    try {
      for (let item; (item = this.store.next); ) await this.#deliver(item);
    } catch (error) {
      if (!error.temporary) throw error;
      setTimeout(() => this.#flush(), 1_000);
    } finally {
      this.#sending = false;
    }
  }

  async #deliver(item) {
    try {
      await this.link.ask({ type: "say", id: item.id, ...item.say, ...this.#about() });
      this.store.acknowledged(item);
    } catch (error) {
      if (error.temporary || !(error instanceof Refusal)) throw error;
      this.store.refused(item, error.code);
    }
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
      this.#chime(`${this.store.current.id}.${number}`);
      if (!this.isOpen) this.preview.show(body);
    }
  }

  // One sound over all tabs, and none where somebody is looking: tabs in sight claim a message before the others do.
  #chime(message) {
    const claim = () => {
      if (this.memory.get("chimed") === message) return;
      this.memory.set("chimed", message);
      if (!this.#watched && !this.store.recall("muted", false) && this.config.sound) chime();
    };
    document.hidden ? setTimeout(claim, 150 + Math.random() * 300) : claim();
  }

  // --- showing ---

  get #watched() {
    return this.isOpen && document.visibilityState === "visible" && document.hasFocus();
  }

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
    if (isOpen !== this.panel.node.open) isOpen ? this.panel.open(PHONE.matches) : this.panel.close();
    this.toggleAttribute("open", isOpen);
    if (isOpen) this.preview.hide();
    this.#focus?.focus({ preventScroll: true });
    this.#focus = null;
    const view = this.#view();
    this.panel.show(view);
    this.log.show(items(store, this.say), this.#typing(view));
    this.composer.show(store.status?.blocked || this.link.state === "lost");
    if (isOpen && document.visibilityState === "visible") store.markRead();
    this.#showUnread(isOpen ? 0 : store.unread);
    this.#tell(view);
  }

  #typing({ agent }) {
    const role = this.store.typing?.role;
    return role ? { kind: "typing", key: "typing", name: (role === "agent" && agent?.name) || this.say(role) } : null;
  }

  #view() {
    const { status, closing } = this.store;
    const open = status && status.floor !== "closed";
    return {
      ...this.#banner(status), agent: status?.agent ?? null, leave: open ? status.leave : null, ended: status && !open,
      canEnd: Boolean(open), asking: closing && Boolean(open), muted: this.store.recall("muted", false), sound: this.config.sound,
    };
  }

  #banner(status) {
    const { say } = this;
    if (this.link.state === "lost") return { banner: say("identity_expired") };
    if (status?.blocked) return { banner: say("blocked") };
    if (this.#restless && this.link.state !== "off") return { banner: say(navigator.onLine ? "connecting" : "offline"), busy: navigator.onLine };
    if (status?.floor !== "waiting") return { banner: "" };
    if (status.position) return { banner: say("queued", { n: status.position }), busy: true };
    return { banner: say(status.stage === "queued" ? "queued_soon" : "finding"), busy: true };
  }

  #showUnread(count) {
    this.badge.hidden = count === 0;
    this.badge.textContent = count > 99 ? "99+" : count;
    const label = this.isOpen ? this.say("close") : this.say("open");
    this.launcher.setAttribute("aria-label", count ? `${label}, ${this.say("unread", { n: count })}` : label);
    this.launcher.setAttribute("aria-expanded", this.isOpen);
    if (count === this.#unread) return;
    this.#unread = count;
    document.title = (count ? `(${count}) ` : "") + document.title.replace(/^\(\d+\) /, "");
    this.#emit("unread", count);
  }

  // Tells the page what changed since the last time.
  #tell({ agent }) {
    const status = { connection: this.link.state, floor: this.store.status?.floor ?? null, agent: agent?.name ?? null };
    const now = { open: this.isOpen, status: JSON.stringify(status) };
    if (now.open !== (this.#last.open ?? false)) this.#emit(now.open ? "open" : "close");
    if (now.status !== this.#last.status) this.#emit("status", status);
    this.#last = now;
  }

  #emit(name, detail) {
    this.#events.dispatchEvent(new CustomEvent(name, { detail }));
  }

  // A phone's keyboard covers the page without resizing it.
  #fitViewport() {
    if (!visualViewport) return;
    this.style.setProperty("--height", `${visualViewport.height}px`);
    this.style.setProperty("--top", `${visualViewport.offsetTop}px`);
  }
}

const kindOf = ({ media_type }) => /^(image(?!\/svg)|audio|video)\//.exec(media_type)?.[1] ?? "document";

// Black or white, whichever reads better on a colour.
function readable(colour) {
  const [r, g, b] = [1, 3, 5].map((at) => linear(parseInt(colour.slice(at, at + 2), 16) / 255));
  const light = 0.2126 * r + 0.7152 * g + 0.0722 * b;
  return 1.05 / (light + 0.05) >= (light + 0.05) / 0.05 ? "#fff" : "#111";
}

const linear = (part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4);
