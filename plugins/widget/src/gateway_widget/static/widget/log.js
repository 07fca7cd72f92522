// The list of messages. Nodes are kept by key, so that focus, scroll and screen readers see only what really changed.

import { contentNodes } from "./contents.js";
import { h, icon } from "./dom.js";
import { fileUrl } from "./markdown.js";
import { clock, day } from "./texts.js";

const NEAR_END = 80;

export class Log {
  #say;
  #on;
  #nodes = new Map();
  #hushed = 0;
  #stick = true;
  #ends = null; // keys of the first and the last thing shown

  // on: { root, avatar, press(button), retry(item), discard(item), earlier() }
  constructor(say, on) {
    this.#say = say;
    this.#on = on;
    this.list = h("div", { class: "list" });
    const down = () => (this.toEnd(), this.focus());
    const newer = { type: "button", class: "newer", hidden: true, onclick: down };
    this.newer = h("button", newer, icon("down"), say("newer"));
    const region = { class: "scroller", role: "log", tabindex: "0", "aria-label": say("log") };
    this.scroller = h("div", { ...region, onscroll: () => this.#scrolled() }, this.list);
    this.node = h("div", { class: "log" }, this.scroller, this.newer);
    this.list.addEventListener("settled", () => this.#stick && this.toEnd());
    new ResizeObserver(() => this.#stick && this.toEnd()).observe(this.scroller);
  }

  show(items, typing) {
    const fromEnd = this.scroller.scrollHeight - this.scroller.scrollTop;
    const [first, last] = [items[0]?.key, items.at(-1)];
    const earlier = this.#ends && this.#ends[0] !== first && this.#ends[1] === last?.key;
    const grown = this.#ends && this.#ends[1] !== last?.key;
    const past = this.#ends?.[0] !== first;
    this.#ends = items.length ? [first, last.key] : null;
    if (past) this.#hush();
    this.#reconcile(typing && !typing.text ? [...items, { ...typing, kind: "typing", key: "typing" }] : items);
    if (this.#stick || (grown && last?.mine)) this.toEnd();
    else if (earlier) this.scroller.scrollTop = this.scroller.scrollHeight - fromEnd;
    else if (grown) this.newer.hidden = false;
    const { scrollHeight, clientHeight } = this.scroller;
    if (clientHeight && scrollHeight <= clientHeight) this.#on.earlier(); // There is nothing to scroll yet.
  }

  // The past is not read aloud, only what is said from now on.
  #hush() {
    clearTimeout(this.#hushed);
    this.scroller.ariaLive = "off";
    this.#hushed = setTimeout(() => (this.scroller.ariaLive = "polite"), 500);
  }

  focus() {
    this.scroller.focus({ preventScroll: true });
  }

  toEnd() {
    this.#stick = true;
    this.newer.hidden = true;
    this.scroller.scrollTop = this.scroller.scrollHeight;
  }

  #reconcile(items) {
    const gone = new Set(this.#nodes.keys());
    let place = this.list.firstChild;
    for (const item of items) {
      gone.delete(item.key);
      const node = this.#node(item);
      if (node === place) place = place.nextSibling;
      else this.list.insertBefore(node, place);
    }
    for (const key of gone) {
      this.#nodes.get(key).node.remove();
      this.#nodes.delete(key);
    }
  }

  #node(item) {
    const print = JSON.stringify(item);
    const known = this.#nodes.get(item.key);
    if (known?.print === print) return known.node;
    const node = known?.node ?? h("div");
    if (known || item.mine || item.draft) node.ariaLive = "off"; // It was, or will be, read aloud; its writer knows it.
    this.#fill(node, item);
    this.#nodes.set(item.key, { node, print });
    return node;
  }

  #fill(node, item) {
    const marks = ["mine", "first", "last"].filter((mark) => item[mark]);
    node.className = ["row", item.kind, ...marks].join(" ");
    node.replaceChildren(...this[item.kind](item));
  }

  day({ at }) {
    return [h("span", {}, day(this.#say.language, at))];
  }

  divider({ text }) {
    return [h("span", {}, text)];
  }

  notice({ text }) {
    return [h("span", { dir: "auto" }, text)];
  }

  typing({ role, name }) {
    return [dots("bubble"), h("span", { class: "hidden" }, this.#say("typing", { name: name || this.#say(role) }))];
  }

  message(item) {
    const show = { ...item, say: this.#say, root: this.#on.root, press: this.#on.press };
    const who = item.mine ? this.#say("you") : item.name || this.#say(item.role);
    return [
      !item.mine && item.first && h("span", { class: "who" }, avatar(item, this.#on), h("bdi", {}, who)),
      item.mine && h("span", { class: "hidden" }, who + ": "),
      ...contentNodes(item.contents, show),
      this.#foot(item),
    ].filter(Boolean);
  }

  #foot(item) {
    const { at, state, last, newest, mine, draft } = item;
    if (draft) return dots("foot");
    if (state === "refused" || state === "failed") return this.#undelivered(item);
    if (!last && state !== "delayed") return null;
    const told = state === "sending" || state === "delayed" || (newest && mine) ? this.#say(state) : "";
    const time = h("time", { datetime: new Date(at).toISOString() }, clock(this.#say.language, at));
    return h("span", { class: "foot" }, time, told && ` · ${told}`);
  }

  #undelivered(item) {
    const button = (key, act) => h("button", { type: "button", onclick: () => act(item) }, this.#say(key));
    const retry = [" · ", button("retry", this.#on.retry)];
    const discard = item.item ? [" · ", button("discard", this.#on.discard)] : [];
    return h("span", { class: "foot failed", role: "alert" }, this.#say("failed"), retry, discard);
  }

  #scrolled() {
    const { scrollTop, scrollHeight, clientHeight } = this.scroller;
    this.#stick = scrollHeight - scrollTop - clientHeight < NEAR_END;
    if (this.#stick) this.newer.hidden = true;
    if (scrollTop < NEAR_END) this.#on.earlier();
  }
}

const dots = (place) => h("span", { class: place + " dots", "aria-hidden": "true" }, h("i"), h("i"), h("i"));

export function avatar({ role, avatar: address }, { avatar: ours, root }) {
  const src = fileUrl(address || (role === "bot" ? ours : ""), root);
  const drawn = icon(role === "agent" ? "person" : "spark");
  const face = src ? h("img", { src, alt: "", onerror: () => face.replaceWith(drawn) }) : drawn;
  return h("span", { class: "avatar", "aria-hidden": "true" }, face);
}
