// A glimpse of a new message beside the launcher, while the chat is closed.

import { h, iconButton } from "./dom.js";
import { avatar } from "./log.js";
import { words } from "./markdown.js";

const LONGEST = 140;

const spoken = ({ text, markup, caption }) => (text ? h("p", {}, words(text, markup)).textContent : caption);

export class Preview {
  #say;
  #on;

  // on: { open(), root, avatar }
  constructor(say, on) {
    this.#say = say;
    this.#on = on;
    this.node = h("div", { class: "preview", role: "status" });
  }

  show({ role, author, message }) {
    const text = message.contents.map(spoken).find(Boolean);
    if (!text) return;
    const who = author.name || this.#say(role === "system" ? "title" : role);
    const glimpse = text.length > LONGEST ? text.slice(0, LONGEST).trimEnd() + "…" : text;
    this.node.replaceChildren(
      h("button", { type: "button", class: "glimpse", onclick: this.#on.open },
        avatar({ role, avatar: author.avatar_url }, this.#on),
        h("span", {}, h("b", { dir: "auto" }, who), h("span", { dir: "auto" }, glimpse))),
      iconButton("close", this.#say("dismiss"), () => this.hide()));
  }

  hide() {
    this.node.replaceChildren();
  }
}
