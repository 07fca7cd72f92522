// What people and ends are called on screen.

import { t } from "./i18n.js";

/** A client's name, or "Guest" with the end of their id, so that guests can be told apart. */
export function clientName(client) {
  return client.name || `${t("anonymous")} ${client.id.slice(-4).toUpperCase()}`;
}

/** Says how a dialog ended. */
export function endedWords(card) {
  return t(`ended.${card.ended.how}`, { name: card.agent?.name ?? "" });
}
