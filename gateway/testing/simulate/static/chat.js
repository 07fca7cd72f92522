// The middle: who it is with, what was said, what can be done, and where to write.

import { avatar, button, bytes, clock, h, icon, keyed } from "./dom.js";
import { none } from "./list.js";
import { doAct } from "./sheet.js";
import { prefs, state } from "./state.js";

const MARKS = { bold: "strong", italic: "em", strike: "s", code: "code", pre: "code", quote: "q" };

export class ChatView {
  #id = null;
  #files = [];
  #drafts = new Map();
  #atEnd = true;
  #top = 0;
  #uploads = 0;
  #due = false; // to be sent as soon as its files are here

  constructor(back) {
    this.title = h("h2", {});
    this.status = h("span", { class: "tag" });
    this.facts = h("dl", { class: "facts" });
    this.face = h("span", {});
    this.acts = h("div", { class: "acts" });
    const out = button("Back to the list", { icon: "back", quiet: true, kind: "only-phone", onclick: back });
    this.head = h("header", { class: "chat-head" }, out, this.face, h("div", { class: "head-words" }, h("div", { class: "name-row" }, this.title, this.status), this.facts), this.acts);
    this.lines = h("div", { class: "lines" });
    this.opening = h("div", { class: "nothing" });
    this.log = h("div", { class: "log", role: "log", "aria-label": "Transcript", tabindex: 0 }, this.opening, this.lines);
    this.typing = h("p", { class: "typing", role: "status" });
    this.keys = h("div", { class: "keyboard", role: "group", "aria-label": "The bot's keyboard" });
    this.foot = h("footer", { class: "chat-foot" }, this.keys, this.#composer(), (this.over = h("p", { class: "over" })));
    this.view = h("div", { class: "chat-view" }, this.head, this.log, this.typing, this.foot);
    this.nothing = h("div", { class: "nothing-frame" });
    this.root = h("main", { class: "chat" }, this.view, this.nothing);
    this.log.addEventListener("scroll", () => this.#scrolled());
    const stay = new ResizeObserver(() => this.#atEnd && this.log.scrollTo(0, this.log.scrollHeight)); // pictures grow as they load
    stay.observe(this.lines);
    stay.observe(this.log);
  }

  #composer() {
    this.speaker = h("select", { class: "speaker", "aria-label": "Write as", onchange: () => prefs.set("speaker", this.speaker.value) });
    this.words = h("textarea", { class: "words", rows: 1, "aria-label": "Message", onkeydown: (event) => this.#key(event), oninput: () => this.#grow(), onpaste: (event) => this.#take(event.clipboardData.files, event) });
    this.picker = h("input", { type: "file", multiple: true, hidden: true, "aria-label": "Files", onchange: () => this.#take(this.picker.files) });
    this.chosen = h("div", { class: "chosen" });
    this.attach = button("Attach files", { icon: "attach", quiet: true, onclick: () => this.picker.click() });
    const send = button("Send", { icon: "send", kind: "primary send", onclick: () => this.#send() });
    this.composer = h("div", { class: "composer" }, this.chosen, h("div", { class: "write-row" }, this.speaker, this.words, this.picker, this.attach, send));
    this.composer.addEventListener("dragover", (event) => event.preventDefault());
    this.composer.addEventListener("drop", (event) => this.#take(event.dataTransfer.files, event));
    return this.composer;
  }

  draw() {
    const chat = state.chat;
    this.view.hidden = !chat;
    this.nothing.hidden = Boolean(chat);
    if (!chat) return this.nothing.replaceChildren(none());
    if (chat.id !== this.#id) this.#turnTo(chat);
    this.title.textContent = chat.title;
    this.status.textContent = chat.status;
    this.status.hidden = !chat.status;
    this.status.className = `tag ${chat.mood}`;
    this.#facts(chat);
    keyed(this.acts, chat.acts, (act) => act.name, (act) => button(act.label, { icon: act.icon, kind: `act ${act.danger ? "warns" : ""}`, title: act.hint, onclick: () => doAct(act, chat.id) }));
    this.#drawLines(chat);
    this.#drawFoot(chat);
  }

  focus() {
    if (!this.composer.hidden) this.words.focus();
  }

  #turnTo(chat) {
    if (this.#id !== null) this.#drafts.set(this.#id, this.words.value);
    this.#id = chat.id;
    this.#due = false;
    this.#files = [];
    this.words.value = this.#drafts.get(chat.id) ?? "";
    this.face.replaceChildren(avatar(chat.title, chat.id));
    this.#drawFiles();
    this.#grow();
    this.lines.replaceChildren();
    this.lines.keyedNodes = new Map();
    this.#atEnd = true;
  }

  /** Who scrolls up wants to stay there; what grows below is nobody's wish. */
  #scrolled() {
    const { scrollHeight, scrollTop, clientHeight } = this.log;
    if (scrollHeight - scrollTop - clientHeight < 60) this.#atEnd = true;
    else if (scrollTop < this.#top) this.#atEnd = false;
    this.#top = scrollTop;
  }

  #facts(chat) {
    const facts = Object.entries(chat.facts).filter(([, value]) => value);
    keyed(this.facts, facts, ([name]) => name, ([name, value]) => h("div", {}, h("dt", {}, name), h("dd", {}, value)));
  }

  #drawLines(chat) {
    const stay = this.#atEnd;
    this.opening.hidden = chat.lines.length > 0 || !chat.opening;
    if (!this.opening.hidden) this.opening.replaceChildren(icon("wire"), h("p", {}, chat.opening));
    keyed(this.lines, chat.lines.map((line, at) => ({ ...line, goesOn: goesOn(chat.lines[at - 1], line) })), (line) => line.id, (line) => this.#line(line, chat.id));
    if (stay) this.log.scrollTo(0, this.log.scrollHeight);
  }

  #drawFoot(chat) {
    const { composer } = chat;
    this.composer.hidden = !composer;
    this.over.hidden = Boolean(composer);
    this.over.textContent = composer ? "" : chat.over || `Nothing can be written here: ${chat.status || "it is over"}.`;
    if (composer) {
      this.words.placeholder = composer.hint;
      this.attach.hidden = !composer.files;
      this.#speakers(composer, chat.id);
    }
    keyed(this.keys, chat.keys, (row) => row.map((key) => key.label).join("|"), (row) => h("div", { class: "row" }, row.map((key) => press(key, chat.id))));
    this.keys.hidden = !chat.keys.length;
    this.#showTyping(chat.typing);
  }

  /** Who wrote last writes on, until it is somebody else's turn. */
  #speakers({ speakers, speaker }, chat) {
    this.speaker.hidden = speakers.length < 2;
    const stamp = JSON.stringify([speakers, speaker, chat]);
    if (this.speaker.stamp === stamp) return;
    this.speaker.stamp = stamp;
    this.speaker.replaceChildren(...speakers.map(({ value, label }) => h("option", { value }, label)));
    const before = speaker || prefs.get("speaker", "");
    if (speakers.some(({ value }) => value === before)) this.speaker.value = before;
  }

  #showTyping(until) {
    clearTimeout(this.typingTimer);
    const left = until * 1000 - Date.now();
    this.typing.textContent = left > 0 ? "The other side is typing …" : "";
    if (left > 0) this.typingTimer = setTimeout(() => this.#showTyping(0), left);
  }

  // --- lines -----------------------------------------------------------------------------------------------------------

  #line(line, chat) {
    if (line.who === "event") return h("p", { class: "event" }, h("span", {}, spans(line)), " ", h("time", {}, clock(line.at)), this.#fate(line, chat));
    const bubble = (line.spans.length || line.files.length) && h("div", { class: "bubble" }, line.files.map(file), line.spans.length > 0 && h("p", {}, spans(line)));
    const buttons = line.buttons.map((row) => h("div", { class: "row" }, row.map((one) => press(one, chat))));
    return h(
      "div", { class: `said said-${line.who} ${line.second ? "said-second" : ""} ${line.goesOn ? "goes-on" : ""}` },
      h("p", { class: "byline" }, h("strong", {}, line.name), h("time", {}, clock(line.at)), line.who === "me" && mark(line)),
      bubble, buttons, this.#fate(line, chat),
    );
  }

  #fate(line, chat) {
    if (!line.problem) return null;
    const again = line.retry && button(line.retry.label, { icon: "retry", kind: "small", onclick: () => state.act(line.retry.act, { chat, values: { value: line.retry.value } }) });
    return h("span", { class: "fate" }, icon("warning"), h("span", {}, line.problem), again);
  }

  // --- writing ---------------------------------------------------------------------------------------------------------

  #key(event) {
    if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    this.#send();
  }

  #grow() {
    this.words.style.height = "auto";
    this.words.style.height = `${this.words.scrollHeight}px`;
  }

  async #take(files, event) {
    if (!files.length) return;
    event?.preventDefault();
    this.#uploads++; // nothing is sent without what belongs to it
    for (const one of files) {
      try {
        this.#files.push(await state.upload(one));
      } catch (error) {
        this.#due = false;
        state.dispatchEvent(new CustomEvent("problem", { detail: `${one.name} could not be taken: ${error.message}` }));
      }
    }
    this.#uploads--;
    this.picker.value = "";
    this.#drawFiles();
    if (this.#due) this.#send();
    this.words.focus();
  }

  #drawFiles() {
    const drop = (one) => {
      this.#files = this.#files.filter((other) => other !== one);
      this.#drawFiles();
    };
    this.chosen.replaceChildren(...this.#files.map((one) => h("span", { class: "file-chip" }, icon("file"), one.name, button(`Remove ${one.name}`, { icon: "close", quiet: true, onclick: () => drop(one) }))));
  }

  async #send() {
    const text = this.words.value.trim();
    const files = this.#files;
    this.#due = this.#uploads > 0;
    if (this.#due || (!text && !files.length)) return this.words.focus();
    this.words.value = "";
    this.#files = [];
    this.#drawFiles();
    this.#grow();
    this.words.focus();
    const error = await state.act("write", { chat: this.#id, values: { text, speaker: this.speaker.value }, files: files.map((one) => one.key) });
    if (error && !this.words.value) this.words.value = text;
  }
}

/** Whether a line needs no name of its own: somebody goes on, at once. Own words keep the mark beside it. */
function goesOn(before, line) {
  return line.who === "them" && before?.who === "them" && before.name === line.name && line.at - before.at < 60;
}

function mark(line) {
  if (line.problem) return null;
  const words = line.waiting ? "The gateway has not taken it yet" : "The gateway has taken it";
  return h("span", { class: "mark", title: words, role: "img", "aria-label": words }, icon(line.waiting ? "clock" : "check"));
}

function press(one, chat) {
  if (one.url) return h("a", { class: "button press", href: safe(one.url), target: "_blank", rel: "noreferrer" }, one.label, icon("out"));
  return button(one.label, { kind: "press", onclick: () => state.act(one.act, { chat, values: { value: one.value } }) });
}

function spans(line) {
  return line.spans.map((span) => {
    let node = document.createTextNode(span.text);
    for (const name of span.marks) node = h(MARKS[name] ?? "span", { class: `mark-${name}` }, node);
    return span.url ? h("a", { href: safe(span.url), target: "_blank", rel: "noreferrer" }, node) : node;
  });
}

function safe(url) {
  return /^(https?|mailto|tel):/i.test(url) ? url : "#";
}

function file({ url, name, media_type: type, size }) {
  const href = url.startsWith("file:") ? `/-/file/${encodeURIComponent(url.slice(5))}` : safe(url);
  const words = h("a", { class: "file", href, target: "_blank", rel: "noreferrer", download: name || null }, icon("file"), name || "file", h("small", {}, bytes(size)));
  if (!type.startsWith("image/")) return type.startsWith("audio/") ? [h("audio", { src: href, controls: true }), words] : words;
  const image = h("img", { src: href, alt: name || "picture", loading: "lazy" });
  image.addEventListener("error", () => image.remove());
  return [h("a", { class: "picture", href, target: "_blank", rel: "noreferrer" }, image), words];
}
