// Where the client writes: a field that grows, files by picker, paste and drop, Enter to send.

import { h, icon, iconButton } from "./dom.js";

const TYPING_EVERY = 3_000;

export class Composer {
  #say;
  #on;
  #uploads;
  #limit;
  #chipped = "[]";
  #told = 0;
  #due = false; // to be sent as soon as its files are up

  // on: { send({ text, files }), typing(active), draft() -> text, save(text) }
  constructor(say, { uploads, limit, files, on }) {
    this.#say = say;
    this.#on = on;
    this.#uploads = uploads;
    this.#limit = limit;
    this.field = this.#buildField(say("placeholder"));
    this.picker = h("input", { type: "file", multiple: true, hidden: true, onchange: () => this.#picked() });
    this.button = iconButton("send", say("send"), null, { type: "submit", class: "send" });
    this.problem = h("p", { class: "problem", role: "alert" });
    this.chips = h("ul", { class: "chips" });
    const attach = files && iconButton("clip", say("attach"), () => this.picker.click());
    const row = h("div", { class: "field" }, attach, this.field, this.button);
    const submit = (event) => this.#submit(event);
    this.node = h("form", { class: "composer", onsubmit: submit }, this.problem, this.chips, this.picker, row);
    this.field.value = on.draft();
    this.show();
  }

  #buildField(label) {
    return h("textarea", {
      rows: "1",
      dir: "auto",
      placeholder: label,
      "aria-label": label,
      enterkeyhint: "send",
      oninput: () => this.#written(),
      onkeydown: (event) => this.#key(event),
      onpaste: (event) => this.#pasted(event),
    });
  }

  focus() {
    this.field.focus({ preventScroll: true });
  }

  show(blocked = this.field.disabled) {
    const { list, busy } = this.#uploads;
    const over = this.field.value.length > this.#limit && this.#say("too_long", { n: this.#limit });
    const problem = [...list.map((upload) => upload.problem), over].filter(Boolean).join(" ");
    const something = this.field.value.trim() || list.some(({ problem }) => !problem);
    if (this.problem.textContent !== problem) this.problem.textContent = problem;
    this.field.disabled = blocked;
    this.button.disabled = blocked || !something || Boolean(over);
    this.#due &&= !problem && !this.button.disabled;
    this.button.setAttribute("aria-busy", this.#due);
    this.#showChips(list);
    this.#fit();
    if (this.#due && !busy) this.#send();
  }

  // Chips are made anew only when there are others, so that the focus stays where it is.
  #showChips(list) {
    const print = JSON.stringify(list.map(({ id, ticket, problem }) => [id, ticket, problem]));
    if (print !== this.#chipped) this.chips.replaceChildren(...list.map((upload) => this.#chip(upload)));
    this.#chipped = print;
    for (const { bar, progress } of list) bar.value = progress;
  }

  take(files) {
    this.#uploads.add(files);
    this.focus();
  }

  #chip(upload) {
    const { name, preview, ticket, problem } = upload;
    const face = preview ? h("img", { src: preview, alt: "" }) : icon("file");
    const drop = () => (this.#uploads.remove(upload), this.focus());
    const remove = iconButton("close", this.#say("remove", { name }), drop);
    upload.bar = h("progress", { max: "1", "aria-label": name, hidden: Boolean(ticket || problem) });
    return h("li", { class: problem && "bad" }, face, h("span", { dir: "auto" }, name), upload.bar, remove);
  }

  #submit(event) {
    event.preventDefault();
    if (this.button.disabled) return;
    this.#due = true;
    this.show();
  }

  #send() {
    this.#due = false;
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
    this.#due = false;
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
