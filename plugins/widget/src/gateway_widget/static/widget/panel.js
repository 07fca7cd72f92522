// The window of the chat: header, status, messages, composer. Not modal beside a page, modal where it fills a phone.

import { h, icon, iconButton } from "./dom.js";
import { avatar } from "./log.js";

export class Panel {
  #say;
  #on;
  #shown = {};
  #asking = false;

  // on: { close(), mute(), end(), leave(), restart(), drop(files), askEnd(bool), avatar }
  constructor(say, { on, log, composer }) {
    this.#say = say;
    this.#on = on;
    this.face = h("span", { class: "face" });
    this.title = h("h2", { id: "title", dir: "auto" });
    this.subtitle = h("p", { class: "subtitle", dir: "auto" });
    this.tools = h("div", { class: "tools" });
    this.banner = h("div", { class: "banner", role: "status" });
    this.actions = h("div", { class: "actions" });
    this.curtain = h("div", { class: "curtain", "aria-hidden": "true" }, icon("clip"), say("drop"));
    const names = h("div", { class: "names" }, this.title, this.subtitle);
    // Not the banner of the page it stands on.
    const header = h("header", { role: "none" }, this.face, names, this.tools);
    const state = h("div", { class: "state" }, this.banner, this.actions);
    const parts = [header, state, log.node, composer.node, this.curtain];
    this.node = h("dialog", { class: "panel", "aria-labelledby": "title" }, parts);
    this.node.addEventListener("cancel", (event) => this.#escape(event));
    this.node.addEventListener("keydown", (event) => {
      if (event.key === "Escape" && !event.isComposing) this.#escape(event);
    });
    this.#takeDrops();
  }

  // show() would take the focus, even on a page that only just loaded.
  open(modal) {
    if (modal) this.node.showModal();
    else this.node.open = true;
  }

  close() {
    this.node.close();
  }

  // view: { agent, banner, busy, leave, running, ended, asking, sound, muted }
  show(view) {
    this.#part("head", [view.agent], () => this.#head(view));
    this.#part("tools", [view.muted, view.running], () => this.#tools(view));
    this.#part("banner", [view.banner, view.busy], () => this.#banner(view));
    this.#part("actions", [view.leave, view.ended, view.asking], () => this.#actions(view));
  }

  // Touches the DOM only where something changed: what is focused stays focused, nothing is read aloud twice.
  #part(name, facts, draw) {
    const print = JSON.stringify(facts);
    if (this.#shown[name] === print) return;
    this.#shown[name] = print;
    draw();
  }

  #head({ agent }) {
    this.face.replaceChildren(avatar(agent ? { role: "agent", avatar: agent.avatar } : { role: "bot" }, this.#on));
    this.title.textContent = this.#say("title");
    const name = agent && (agent.name || this.#say("agent"));
    this.subtitle.textContent = agent ? this.#say("with_agent", { name }) : this.#say("subtitle");
  }

  #tools({ muted, running, sound }) {
    const [face, label] = muted ? ["silent", "unmute"] : ["sound", "mute"];
    const tools = [
      sound && iconButton(face, this.#say(label), () => this.#again(this.#on.mute)),
      running && iconButton("end", this.#say("end"), () => this.#on.askEnd(true)),
      iconButton("close", this.#say("close"), this.#on.close),
    ];
    this.tools.replaceChildren(...tools.filter(Boolean));
  }

  // Acts, and gives the focus back to the button that took the old one's place.
  #again(act) {
    act();
    setTimeout(() => this.tools.querySelector("button").focus());
  }

  #banner({ banner, busy }) {
    this.banner.classList.toggle("busy", Boolean(busy));
    this.banner.replaceChildren(...(banner ? [h("span", {}, banner)] : []));
  }

  #actions({ leave, ended, asking }) {
    const say = this.#say;
    const button = (text, act, kind = "") => h("button", { type: "button", class: kind, onclick: act }, text);
    const question = () => [
      h("span", {}, say("end_ask")),
      button(say("end"), this.#on.end, "strong"),
      button(say("end_no"), () => this.#on.askEnd(false)),
    ];
    const usual = () => [
      leave != null && button(leave || say("leave"), this.#on.leave),
      ended && button(say("new_chat"), this.#on.restart, "strong"),
    ];
    this.#asking = asking;
    this.actions.replaceChildren(...(asking ? question() : usual()).filter(Boolean));
    if (asking) this.actions.querySelector("button").focus();
  }

  #escape(event) {
    event.preventDefault();
    this.#asking ? this.#on.askEnd(false) : this.#on.close();
  }

  #takeDrops() {
    const over = (on) => (event) => {
      if (!event.dataTransfer?.types.includes("Files")) return;
      event.preventDefault();
      this.node.classList.toggle("over", on);
    };
    this.node.addEventListener("dragover", over(true));
    this.node.addEventListener("dragleave", (event) => this.node.contains(event.relatedTarget) || over(false)(event));
    this.node.addEventListener("drop", (event) => {
      over(false)(event);
      this.#on.drop(event.dataTransfer.files);
    });
  }
}
