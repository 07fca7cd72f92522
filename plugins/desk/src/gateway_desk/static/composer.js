// Where the agent writes: replies and notes, files, ready-made replies, drafts that survive.

import { button, h, icon } from "./dom.js";
import { bytes, t } from "./i18n.js";
import { clientName } from "./names.js";
import { recall, remember } from "./prefs.js";
import { toast } from "./toasts.js";

const TYPING_EVERY_MS = 3000;
const MOST_FILES = 10;
const MOST_REPLY = 16_000; // characters, as the gateway takes them
const MOST_NOTE = 4000;

export class Composer {
  #session = null;
  #mine = false;
  #chosenNote = false; // what is written is a note, by choice
  #files = [];
  #uploading = []; // the dialogs files are going up for
  #due = false; // the reply goes out as soon as its files are up
  #typedAt = 0;
  #choice = 0;
  #wantsFocus = false;
  #noteWanted = false; // by somebody who does not have the dialog

  constructor(desk) {
    this.desk = desk;
    this.state = desk.state;
    this.text = h("textarea", {
      rows: 1, class: "words", role: "combobox", "aria-autocomplete": "list", "aria-expanded": "false", "aria-controls": "canned",
      "data-focus": "words",
      oninput: () => this.#input(), onkeydown: (event) => this.#key(event), onpaste: (event) => this.#paste(event),
      onblur: () => setTimeout(() => this.#hideCanned(), 150),
    });
    this.picker = h("input", { type: "file", multiple: true, hidden: true, tabindex: -1, onchange: () => this.#picked() });
    this.canned = h("ul", { id: "canned", class: "canned", role: "listbox", "aria-label": t("write.canned"), hidden: true });
    this.chosen = h("div", { class: "chosen-files" });
    this.modes = h(
      "div", { class: "modes", role: "group", "aria-label": t("write.mode") },
      this.#modeButton(false, "reply", "r"), this.#modeButton(true, "note", "n"),
    );
    this.attach = button(t("write.attach"), { icon: "attach", quiet: true, onclick: () => this.picker.click() });
    this.sendButton = button(t("write.send"), { icon: "send", kind: "primary send", onclick: () => this.#send() });
    this.root = h(
      "form", { class: "composer", onsubmit: (event) => event.preventDefault(),
        ondragover: (event) => this.#dragOver(event), ondragleave: () => this.root.classList.remove("drop"), ondrop: (event) => this.#drop(event) },
      this.canned, this.modes, this.chosen,
      h("div", { class: "write-row" }, this.text, h("div", { class: "write-acts" }, this.picker, this.attach, this.sendButton)),
      h("p", { class: "drop-words", "aria-hidden": "true" }, t("write.drop")),
    );
  }

  /** Another dialog is shown: its draft comes back. */
  enter(session) {
    this.#stopTyping();
    this.#session = session;
    this.#noteWanted = false;
    this.#due = false;
    const draft = recall(`draft:${session}`, null);
    this.#chosenNote = draft?.note ?? false;
    this.#files = draft?.files ?? [];
    this.text.value = draft?.text ?? "";
    this.#hideCanned();
    this.#resize();
    this.#drawFiles();
  }

  draw(card, mine) {
    this.#mine = mine;
    this.#due &&= mine;
    this.sendButton.setAttribute("aria-busy", String(this.#due));
    if (mine && this.#wantsFocus && !this.text.value) this.#chosenNote = false;
    const wanted = mine || this.#noteWanted || this.text.value !== "" || this.root.contains(document.activeElement);
    this.root.hidden = !wanted;
    this.root.classList.toggle("composer-note", this.#note);
    for (const [place, choice] of [...this.modes.children].entries()) choice.setAttribute("aria-pressed", String(Boolean(place) === this.#note));
    this.modes.children[0].disabled = !mine;
    this.attach.hidden = this.#note;
    this.text.maxLength = this.#note ? MOST_NOTE : MOST_REPLY;
    const name = clientName(card.client);
    const hint = this.#note ? t("write.note-hint") : t("write.reply-hint", { name });
    this.text.placeholder = hint;
    this.text.setAttribute("aria-label", hint);
    const label = t(this.#note ? "write.save-note" : "write.send");
    this.sendButton.querySelector(".label").textContent = label;
    this.sendButton.title = label;
    if (mine && this.#wantsFocus) this.focus();
  }

  focus(note = null) {
    this.#wantsFocus = false;
    if (note !== null) this.#setMode(note);
    this.#noteWanted = !this.#mine;
    this.root.hidden = false;
    this.text.focus();
  }

  /** The dialog was asked for: once it is ours, writing can begin. */
  focusWhenMine() {
    this.#wantsFocus = true;
  }

  /** A refused message comes back to be changed or copied. */
  takeBack(act) {
    this.#setMode(act.type === "note");
    this.text.value = [this.text.value, act.text].filter(Boolean).join("\n");
    this.#files = [...this.#files, ...(act.files ?? [])].slice(0, MOST_FILES);
    this.#input();
    this.#drawFiles();
    this.text.focus();
  }

  // --- reply or note -----------------------------------------------------------------------------------------------

  #modeButton(note, name, key) {
    return button(t(`write.${name}`), { icon: name, key, kind: "mode", onclick: () => this.focus(note) });
  }

  /** Without the floor everything is a note. A reply begun before waits as a draft; a note never turns into a reply. */
  get #note() {
    return this.#chosenNote || !this.#mine;
  }

  #setMode(note) {
    this.#chosenNote = note;
    this.#due = false;
    if (note) this.#stopTyping();
    this.#saveDraft();
    this.desk.draw();
  }

  // --- writing -------------------------------------------------------------------------------------------------------

  #input() {
    this.#due = false;
    if (!this.#mine) this.#chosenNote = this.text.value !== "";
    this.#resize();
    this.#saveDraft();
    this.#drawCanned();
    if (this.text.value.trim() && !this.#note) this.#showTyping();
    else this.#stopTyping();
  }

  #resize() {
    this.text.style.height = "auto";
    this.text.style.height = `${Math.min(this.text.scrollHeight, innerHeight * 0.4)}px`;
  }

  #saveDraft() {
    const text = this.text.value;
    const draft = text || this.#files.length ? { text, note: this.#chosenNote, files: this.#files } : null;
    remember(`draft:${this.#session}`, draft);
  }

  #showTyping() {
    if (Date.now() - this.#typedAt < TYPING_EVERY_MS) return;
    this.#typedAt = Date.now();
    this.state.link.send({ type: "typing", session: this.#session, active: true });
  }

  #stopTyping() {
    if (!this.#typedAt) return;
    this.#typedAt = 0;
    this.state.link.send({ type: "typing", session: this.#session, active: false });
  }

  #key(event) {
    if (event.isComposing) return;
    if (!this.canned.hidden && this.#cannedKey(event)) return;
    if (event.key === "Enter" && !event.shiftKey && !event.altKey) {
      event.preventDefault();
      this.#send();
    } else if (event.key === "Escape") {
      this.desk.list.root.querySelector('[aria-current="true"]')?.focus();
    }
  }

  #send() {
    const text = this.text.value.trim();
    const files = this.#note ? [] : this.#files;
    this.#due = !this.#note && this.#uploading.includes(this.#session);
    this.sendButton.setAttribute("aria-busy", String(this.#due));
    if (this.#due || (!text && !files.length)) return this.text.focus();
    const session = this.#session;
    if (this.#note) this.state.act({ type: "note", session, text });
    else this.state.act({ type: "write", session, text, files });
    this.text.value = "";
    if (!this.#note) this.#files = [];
    this.#typedAt = 0; // the message itself ends the sign
    this.#input();
    this.#drawFiles();
    this.text.focus();
  }

  // --- ready-made replies ----------------------------------------------------------------------------------------------

  #drawCanned() {
    const match = /^\/(\S*)$/.exec(this.text.value);
    const found = match ? this.state.canned.filter(({ name }) => name.toLowerCase().startsWith(match[1].toLowerCase())) : [];
    this.#choice = 0;
    this.canned.hidden = !found.length;
    this.text.setAttribute("aria-expanded", String(found.length > 0));
    this.canned.replaceChildren(...found.map((reply, place) => h(
      "li", { id: `canned-${place}`, role: "option", onmousedown: (event) => event.preventDefault(), onclick: () => this.#insert(reply) },
      h("strong", {}, `/${reply.name}`), h("span", {}, reply.text),
    )));
    this.#markChoice();
  }

  #markChoice() {
    const options = [...this.canned.children];
    for (const [place, option] of options.entries()) option.setAttribute("aria-selected", String(place === this.#choice));
    const active = options[this.#choice];
    if (active && !this.canned.hidden) this.text.setAttribute("aria-activedescendant", active.id);
    else this.text.removeAttribute("aria-activedescendant");
    active?.scrollIntoView({ block: "nearest" });
  }

  #cannedKey(event) {
    const count = this.canned.children.length;
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step) {
      this.#choice = (this.#choice + step + count) % count;
      this.#markChoice();
    } else if (event.key === "Enter" || event.key === "Tab") this.canned.children[this.#choice].click();
    else if (event.key === "Escape") this.#hideCanned();
    else return false;
    event.preventDefault();
    event.stopPropagation();
    return true;
  }

  #insert(reply) {
    const client = this.state.card?.client.name ?? "";
    const greeted = client ? reply.text.replaceAll("{client}", () => client) : reply.text.replace(/ ?\{client\}/g, "");
    this.text.value = greeted.replaceAll("{agent}", () => this.state.agent.name);
    this.#input();
    this.text.focus();
  }

  #hideCanned() {
    this.canned.hidden = true;
    this.text.setAttribute("aria-expanded", "false");
    this.text.removeAttribute("aria-activedescendant");
  }

  // --- files -------------------------------------------------------------------------------------------------------------

  #picked() {
    this.#upload(this.picker.files);
    this.picker.value = "";
  }

  #paste(event) {
    if (!event.clipboardData.files.length || this.#note) return;
    event.preventDefault();
    this.#upload(event.clipboardData.files);
  }

  #dragOver(event) {
    if (this.#note || !event.dataTransfer.types.includes("Files")) return;
    event.preventDefault();
    this.root.classList.add("drop");
  }

  #drop(event) {
    this.root.classList.remove("drop");
    if (this.#note || !event.dataTransfer.files.length) return;
    event.preventDefault();
    this.#upload(event.dataTransfer.files);
  }

  async #upload(files) {
    const session = this.#session;
    this.#uploading.push(session);
    for (const file of [...files].slice(0, MOST_FILES - this.#files.length)) {
      if (file.size > this.state.uploadBytes) {
        toast(t("write.too-large", { name: file.name, limit: bytes(this.state.uploadBytes) }), "warning");
        continue;
      }
      const uploaded = await this.#uploadOne(file);
      if (uploaded) this.#keep(session, uploaded);
      else this.#due = false;
    }
    this.#uploading.splice(this.#uploading.indexOf(session), 1);
    if (this.#due && session === this.#session) this.#send();
  }

  async #uploadOne(file) {
    this.#drawFiles(file.name);
    try {
      const headers = { "Content-Type": file.type || "application/octet-stream" };
      const answer = await fetch(`files?name=${encodeURIComponent(file.name)}`, { method: "POST", headers, body: file });
      if (!answer.ok) throw new Error(await answer.text());
      return await answer.json();
    } catch (error) {
      toast(t("write.upload-failed", { name: file.name, reason: error.message.slice(0, 200) }), "warning");
      return null;
    } finally {
      this.#drawFiles();
    }
  }

  /** Files stay with the dialog they were chosen in, even if another one is shown by now. */
  #keep(session, file) {
    if (session === this.#session) {
      this.#files = [...this.#files, file];
      this.#saveDraft();
      this.#drawFiles();
    } else {
      const draft = recall(`draft:${session}`, null) ?? { text: "", note: false, files: [] };
      remember(`draft:${session}`, { ...draft, files: [...draft.files, file] });
    }
  }

  #drawFiles(uploading = "") {
    const chip = (file) => h(
      "span", { class: "file-chip" }, icon("file"), file.name,
      button(t("write.remove", { name: file.name }), { icon: "close", quiet: true, onclick: () => this.#remove(file) }),
    );
    this.chosen.replaceChildren(
      ...this.#files.map(chip),
      ...(uploading ? [h("span", { class: "file-chip", role: "status" }, t("write.uploading", { name: uploading }))] : []),
    );
  }

  #remove(file) {
    this.#files = this.#files.filter((one) => one !== file);
    this.#saveDraft();
    this.#drawFiles();
    this.text.focus();
  }
}
