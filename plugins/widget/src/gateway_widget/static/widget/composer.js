// Where the client writes: a field that grows, files by picker, paste and drop, Enter to send.

import { h, icon, iconButton } from "./dom.js";

const TYPING_EVERY = 3_000;

export class Composer {
  #say;
  #on;
  #uploads;
  #limit;
  #told = 0;

  // on: { send({ text, files }), typing(active), draft() -> text, save(text) }
  constructor(say, { uploads, limit, files, on }) {
    this.#say = say;
    this.#on = on;
    this.#uploads = uploads;
    this.#limit = limit;
    this.field = h("textarea", {
      rows: "1", dir: "auto", placeholder: say("placeholder"), "aria-label": say("placeholder"), enterkeyhint: "send",
      oninput: () => this.#written(), onkeydown: (event) => this.#key(event), onpaste: (event) => this.#pasted(event),
    });
    this.picker = h("input", { type: "file", multiple: true, hidden: true, onchange: () => this.#picked() });
    this.button = h("button", { type: "submit", class: "send", "aria-label": say("send"), title: say("send") }, icon("send"));
    this.problem = h("p", { class: "problem", role: "alert" });
    this.chips = h("ul", { class: "chips" });
    const attach = files && iconButton("clip", say("attach"), () => this.picker.click());
    const row = h("div", { class: "field" }, attach, this.field, this.button);
    this.node = h("form", { class: "composer", onsubmit: (event) => this.#submit(event) }, this.problem, this.chips, this.picker, row);
    this.field.value = on.draft();
    this.show();
  }

  focus() {
    this.field.focus({ preventScroll: true });
  }

  show(blocked = false) {
    this.field.disabled = blocked;
    this.chips.replaceChildren(...this.#uploads.list.map((upload) => this.#chip(upload)));
    const problems = this.#uploads.list.map(({ problem }) => problem).filter(Boolean);
    const over = this.field.value.length > this.#limit && this.#say("too_long", { n: this.#limit });
    const text = [...problems, over].filter(Boolean).join(" ");
    if (this.problem.textContent !== text) this.problem.textContent = text;
    const something = this.field.value.trim() || this.#uploads.list.some(({ ticket }) => ticket);
    this.button.disabled = blocked || !something || this.#uploads.busy || Boolean(over);
    this.#fit();
  }

  take(files) {
    this.#uploads.add(files);
    this.focus();
  }

  #chip(upload) {
    const { name, preview, progress, ticket, problem } = upload;
    const bar = !ticket && !problem && h("progress", { value: String(progress), max: "1", "aria-label": name });
    const remove = iconButton("close", this.#say("remove", { name }), () => (this.#uploads.remove(upload), this.focus()));
    return h("li", { class: problem && "bad" }, preview ? h("img", { src: preview, alt: "" }) : icon("file"), h("span", { dir: "auto" }, name), bar, remove);
  }

  #submit(event) {
    event.preventDefault();
    if (this.button.disabled) return;
    const text = this.field.value.trim();
    this.field.value = "";
    this.#on.save("");
    this.#told = 0;
    this.#on.send({ text, files: this.#uploads.take() });
    this.show();
    this.focus();
  }

  #key(event) {
    if (event.key !== "Enter" || event.shiftKey || event.isComposing || event.keyCode === 229) return;
    event.preventDefault();
    this.node.requestSubmit();
  }

  #written() {
    this.#on.save(this.field.value);
    this.show();
    if (Date.now() - this.#told < TYPING_EVERY) return;
    this.#told = Date.now();
    this.#on.typing(true);
  }

  #pasted(event) {
    if (!event.clipboardData.files.length) return;
    event.preventDefault();
    this.take(event.clipboardData.files);
  }

  #picked() {
    this.take(this.picker.files);
    this.picker.value = "";
  }

  #fit() {
    this.field.style.height = "auto";
    this.field.style.height = `${Math.min(this.field.scrollHeight, 132)}px`;
  }
}
