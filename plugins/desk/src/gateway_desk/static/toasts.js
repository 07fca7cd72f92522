// Short messages at the edge; they are read out, and stay long enough to be read.

import { button, h, icon } from "./dom.js";
import { has, t } from "./i18n.js";

const STAYS_MS = 8000;
let place;

export function startToasts() {
  place = h("div", { class: "toasts", role: "status", "aria-live": "polite" });
  return place;
}

export function toast(text, kind = "info") {
  const close = button(t("toast.dismiss"), { icon: "close", quiet: true, onclick: () => item.remove() });
  const item = h("div", { class: `toast ${kind}` }, icon(kind === "warning" ? "warning" : "info"), h("span", {}, text), close);
  place.append(item);
  setTimeout(() => item.remove(), STAYS_MS);
}

/** Says why something was not done, in the agent's language where we can. */
export function refusalText({ code, reason, by }) {
  if (by) return t("refused.by", { by });
  return has(`refused.${code}`) ? t(`refused.${code}`) : reason;
}
