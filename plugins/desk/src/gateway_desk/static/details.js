// The right side: who the client is and what is known, as far as agents may see it.

import { avatar, button, h, keyed } from "./dom.js";
import { clock, t } from "./i18n.js";
import { linked } from "./markup.js";
import { clientName } from "./names.js";
import { askBlock } from "./sheets.js";
import { toast } from "./toasts.js";

export class Details {
  constructor(desk) {
    this.desk = desk;
    this.root = h("aside", { class: "details", "aria-label": t("details.title") });
  }

  draw() {
    const { card } = this.desk.state;
    this.root.hidden = !card || !this.desk.detailsOpen;
    const stamp = (one) => JSON.stringify([one.client, one.attributes, one.channel, one.destination_name, one.agent, one.state, one.verified, one.language]);
    keyed(this.root, card ? [card] : [], (one) => one.session, stamp, (one) => this.#view(one));
  }

  #view(card) {
    const name = clientName(card.client);
    const close = button(t("act.details"), { icon: "close", quiet: true, kind: "details-close", onclick: () => this.desk.toggleDetails(false) });
    return h(
      "div", { class: "details-view" },
      h("header", {}, h("h2", {}, t("details.title")), close),
      h("div", { class: "details-client" }, avatar({ ...card.client, name }), h("strong", {}, name),
        h("span", { class: "quiet-words" }, t(card.verified ? "details.verified" : "details.unverified"))),
      facts(this.#handoff(card)),
      h("h3", {}, t("details.attributes")),
      Object.keys(card.attributes).length ? facts(Object.entries(card.attributes)) : h("p", { class: "quiet-words" }, t("details.no-attributes")),
      h("h3", {}, t("details.conversation")),
      h("p", { class: "conversation-id" }, h("code", {}, card.conversation),
        button(t("details.copy"), { kind: "small", onclick: () => copy(card.conversation) })),
      this.desk.state.isMine(card) && h("p", { class: "details-foot" },
        button(t("act.block"), { icon: "block", kind: "warns", onclick: () => askBlock(this.desk) })),
    );
  }

  #handoff(card) {
    return [
      [t("details.channel"), card.channel],
      [t("details.group"), card.destination_name || t("everybody")],
      [t("details.agent"), card.agent?.name],
      [t("details.language"), card.language],
      [t("details.since"), clock(card.since)],
      [t("details.joined"), card.joined_at && clock(card.joined_at)],
    ].filter(([, value]) => value);
  }
}

function facts(pairs) {
  return h("dl", { class: "facts" }, ...pairs.map(([name, value]) => h("div", {}, h("dt", {}, name), h("dd", {}, ...linked(value)))));
}

async function copy(text) {
  await navigator.clipboard?.writeText(text);
  toast(t("details.copied"));
}
