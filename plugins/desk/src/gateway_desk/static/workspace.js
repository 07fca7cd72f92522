// The workspace: puts the parts together and draws them again, at most once a frame, when something changed.

import { startAlerts } from "./alerts.js";
import { Details } from "./details.js";
import { Dialog } from "./dialog.js";
import { h, icon } from "./dom.js";
import { t } from "./i18n.js";
import { Link } from "./link.js";
import { List } from "./list.js";
import { recall, remember } from "./prefs.js";
import { startShortcuts } from "./shortcuts.js";
import { State } from "./state.js";
import { refusalText, startToasts, toast } from "./toasts.js";

const TICK_MS = 5000;
const LOST_AFTER_MS = 1500;

export function openWorkspace(app) {
  const link = new Link();
  const state = new State(link);
  const desk = new Desk(app, state);
  state.addEventListener("connected", () => desk.show(), { once: true });
  state.addEventListener("disconnected", () => desk.checkSession());
  link.start();
}

class Desk {
  #shown = false;
  #drawing = 0;
  #lostTimer = 0;

  constructor(app, state) {
    this.app = app;
    this.state = state;
    this.detailsOpen = this.#wide.matches && recall("details", true);
  }

  #wide = matchMedia("(min-width: 1181px)");
  #phone = matchMedia("(max-width: 760px)");

  /** One column: list or dialog. */
  get narrow() {
    return this.#phone.matches;
  }

  /** The details lie over the dialog. */
  get detailsCover() {
    return this.detailsOpen && !this.#wide.matches;
  }

  /** Called with the first welcome: from then on the page stays, connected or not. */
  show() {
    if (this.#shown) return;
    this.#shown = true;
    this.list = new List(this);
    this.dialog = new Dialog(this);
    this.details = new Details(this);
    this.banner = h("div", { class: "banner", role: "status", hidden: true }, icon("warning"), h("span", {}, t("link.lost")));
    this.root = h("div", { class: "desk" }, this.list.root, this.dialog.root, this.details.root);
    this.app.replaceChildren(this.banner, this.root, startToasts());
    this.state.addEventListener("change", () => this.draw());
    this.state.addEventListener("refusal", ({ detail }) => this.#explain(detail));
    addEventListener("hashchange", () => this.#openFromAddress());
    addEventListener("focus", () => this.draw());
    addEventListener("beforeunload", (event) => this.#mayLose() && event.preventDefault());
    setInterval(() => this.draw(), TICK_MS);
    startAlerts(this);
    startShortcuts(this);
    this.#openFromAddress();
    this.draw();
  }

  open(session) {
    const hash = session ? `#${encodeURIComponent(session)}` : "#";
    if (location.hash === hash || (!session && !location.hash)) this.#openFromAddress();
    else location.hash = hash;
  }

  toggleDetails(open = !this.detailsOpen) {
    this.detailsOpen = open;
    if (this.#wide.matches) remember("details", open);
    this.draw();
  }

  draw() {
    if (!this.#shown) return;
    cancelAnimationFrame(this.#drawing);
    // A hidden page gets no frames, but its title and alerts must stay right.
    if (document.hidden) this.#drawNow();
    else this.#drawing = requestAnimationFrame(() => this.#drawNow());
  }

  /** After a lost line: still signed in? Else there is no use in trying. */
  async checkSession() {
    try {
      const answer = await (await fetch("session")).json();
      if (!answer.agent) this.state.link.reload();
    } catch {
      // No network: the link tries again by itself.
    }
  }

  /** Closing the tab would lose what was not sent yet. */
  #mayLose() {
    return this.state.link.pending.length > 0 && !this.state.link.leaving;
  }

  #drawNow() {
    const open = Boolean(this.state.selected);
    this.root.classList.toggle("has-dialog", open);
    this.root.classList.toggle("has-details", open && this.detailsOpen);
    this.list.draw();
    this.dialog.draw();
    this.details.draw();
    this.#drawBanner();
  }

  #drawBanner() {
    if (this.state.link.connected) {
      clearTimeout(this.#lostTimer);
      this.#lostTimer = 0;
      this.banner.hidden = true;
    } else if (!this.#lostTimer) {
      this.#lostTimer = setTimeout(() => (this.banner.hidden = this.state.link.connected), LOST_AFTER_MS);
    }
  }

  #openFromAddress() {
    const session = decodeURIComponent(location.hash.slice(1)) || null;
    const before = this.state.selected;
    if (this.detailsCover) this.detailsOpen = false;
    this.state.select(session);
    if (!session && before && this.narrow) requestAnimationFrame(() => requestAnimationFrame(() => this.list.focus(before)));
  }

  #explain(refusal) {
    const text = refusalText(refusal);
    if (text) toast(text, "warning");
  }
}
