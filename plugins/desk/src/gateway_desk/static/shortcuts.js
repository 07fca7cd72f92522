// The keyboard. Alt works anywhere; single keys only outside text fields, and can be switched off (WCAG 2.1.4).

import { h } from "./dom.js";
import { t } from "./i18n.js";
import { recall } from "./prefs.js";
import { askClose, askForward, askReturn, sheet } from "./sheets.js";

const ANYWHERE = [["Alt ↓", "help.next"], ["Alt ↑", "help.previous"], ["Esc", "help.leave"], ["Enter", "help.send"], ["Shift Enter", "help.newline"], ["/", "help.canned"]];
const OUTSIDE = [
  ["j", "help.next"], ["k", "help.previous"], ["t", "help.take"], ["r", "help.reply"], ["n", "help.note"], ["f", "help.forward"],
  ["b", "help.return"], ["x", "help.close"], ["d", "help.details"], ["o", "help.away"], ["?", "help.help"],
];

export function startShortcuts(desk) {
  const { state } = desk;
  const mine = (act) => () => state.card && state.isMine(state.card) && act(desk);
  const keys = {
    j: () => step(desk, 1),
    k: () => step(desk, -1),
    t: () => desk.dialog.take(),
    r: mine(() => desk.dialog.composer.focus(false)),
    n: () => state.card && state.card.state !== "ended" && desk.dialog.composer.focus(true),
    f: () => state.card && (state.isMine(state.card) || state.card.state === "waiting") && askForward(desk),
    b: mine(askReturn),
    x: mine(askClose),
    d: () => state.card && desk.toggleDetails(),
    o: () => state.act({ type: "status", online: !state.agent.declared }),
    "?": () => openHelp(),
  };
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && desk.detailsCover && !document.querySelector("dialog[open]")) return desk.toggleDetails(false);
    const act = event.altKey ? { ArrowDown: keys.j, ArrowUp: keys.k }[event.key] : plainKey(event) && keys[event.key];
    if (!act || document.querySelector("dialog[open]")) return;
    event.preventDefault();
    act();
  });
}

function plainKey(event) {
  const modified = event.ctrlKey || event.metaKey || event.isComposing || event.repeat;
  const writing = event.target.matches?.("input, textarea, select, [contenteditable]");
  return recall("keys", true) && !modified && !writing;
}

function step(desk, by) {
  const sessions = desk.list.sessions();
  if (!sessions.length) return;
  const at = sessions.indexOf(desk.state.selected);
  const next = at < 0 ? (by > 0 ? 0 : sessions.length - 1) : (at + by + sessions.length) % sessions.length;
  desk.open(sessions[next]);
}

export function openHelp() {
  sheet(t("help.title"), () => [table(t("help.outside"), OUTSIDE), table(t("help.anywhere"), ANYWHERE)], { wide: true });
}

function table(title, rows) {
  return h("section", { class: "keys" }, h("h3", {}, title),
    h("dl", {}, ...rows.map(([key, text]) => h("div", {}, h("dt", {}, h("kbd", {}, key)), h("dd", {}, t(text))))));
}
