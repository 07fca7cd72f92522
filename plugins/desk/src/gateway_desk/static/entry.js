// One line of the log, with clear authorship: client, bot, which agent, notes, and what happened.

import { contents } from "./content.js";
import { avatar, button, h, icon } from "./dom.js";
import { clock, day, moment, t } from "./i18n.js";
import { clientName } from "./names.js";
import { refusalText } from "./toasts.js";

const QUIET = new Set(["delivery"]); // shown at the message they are about

export function isShown({ body }) {
  if (QUIET.has(body.type)) return false;
  return body.type !== "changed" || Object.keys(body.attributes).length > 0;
}

/** What an element depends on: when it changes, the element is made anew. */
export function entryStamp(entry, { log }) {
  return JSON.stringify([entry.joins, log.fates.get(entry.number)]);
}

export function separator(seconds) {
  return h("div", { class: "day" }, h("span", {}, day(seconds)));
}

export function entryElement(entry, context) {
  const { body } = entry;
  if (body.type === "said" && body.role === "system") return toldElement(entry, context);
  if (body.type === "said") return saidElement(entry, context);
  if (body.type === "noted") return noteElement(entry.at, body.agent.name, body.text);
  return eventElement(entry, context);
}

// --- what was said ---------------------------------------------------------------------------------------------------

function saidElement(entry, context) {
  const { body } = entry;
  const mine = body.role === "agent" && body.author.id === context.state.me;
  const fate = context.log.fates.get(entry.number);
  const name = authorOf(body, mine, context.card);
  return h(
    "article", { class: `said said-${body.role} ${mine ? "said-mine" : ""} ${entry.joins ? "said-joins" : ""}` },
    avatar(body.role === "client" ? { ...body.author, name } : body.author, body.role),
    h(
      "div", { class: "said-body" },
      byline(name, body.role, entry.at),
      h("div", { class: "bubble" }, ...contents(body.message, context.state)),
      fate && fateElement(fate),
    ),
  );
}

/** What the gateway told the client by itself: "Anna is here." */
function toldElement(entry, context) {
  return h(
    "div", { class: "event event-told" }, icon("info"),
    h("span", {}, h("span", { class: "told-to" }, `${t("entry.system")}: `), ...contents(entry.body.message, context.state)),
    h("time", { title: moment(entry.at) }, clock(entry.at)),
  );
}

function authorOf(body, mine, card) {
  switch (body.role) {
    case "client": return body.author.name || clientName(card.client);
    case "bot": return body.author.name || t("entry.bot");
    default: return mine ? t("entry.you") : body.author.name || body.author.id;
  }
}

function byline(name, role, at) {
  return h(
    "header", { class: "byline" },
    role === "bot" && icon("bot"), h("strong", {}, name),
    h("time", { datetime: new Date(at * 1000).toISOString(), title: moment(at) }, clock(at)),
  );
}

function fateElement({ state, reason }) {
  const words = t(`fate.${state}`, { reason: reason || t("fate.unknown-reason") });
  const bad = state === "failed" || state === "superseded";
  return h("p", { class: `fate ${bad ? "fate-bad" : ""}` }, icon(bad ? "warning" : "clock"), words);
}

// --- on its way --------------------------------------------------------------------------------------------------------

/** A message or note of ours that is not in the log yet: on its way, or refused. */
export function pendingElement({ act, why }, { state }, composer) {
  if (act.type === "note") {
    return h("div", { class: "pending" }, noteElement(null, state.agent.name, act.text), progress(act, why, state, composer));
  }
  return h(
    "article", { class: `said said-agent said-mine pending ${why ? "pending-failed" : ""}` },
    avatar(state.agent, "agent"),
    h(
      "div", { class: "said-body" },
      h("header", { class: "byline" }, h("strong", {}, t("entry.you"))),
      h("div", { class: "bubble" }, ...contents(messageOf(act), state)),
      progress(act, why, state, composer),
    ),
  );
}

function messageOf(act) {
  const text = act.text ? [{ type: "text", text: act.text, markup: "plain" }] : [];
  const media = (act.files ?? []).map((file) => ({
    type: "media", kind: file.media_type.split("/")[0], attachment: file, caption: "",
  }));
  return { contents: [...text, ...media] };
}

function progress(act, why, state, composer) {
  if (!why) return h("p", { class: "fate" }, icon("clock"), t(state.link.connected ? "fate.sending" : "fate.waiting"));
  const back = () => {
    composer.takeBack(act);
    state.discard(act.ref);
  };
  return h(
    "div", { class: "fate fate-bad" }, icon("warning"), h("span", {}, t("fate.not-sent", { reason: refusalText(why) })),
    button(t("fate.retry"), { kind: "small", onclick: () => state.retry(act.ref) }),
    button(t("fate.copy"), { kind: "small", onclick: back }),
    button(t("fate.discard"), { kind: "small", onclick: () => state.discard(act.ref) }),
  );
}

// --- notes and events ----------------------------------------------------------------------------------------------------

function noteElement(at, name, text) {
  return h(
    "aside", { class: "note" },
    h("header", { class: "byline" }, icon("note"), h("strong", {}, t("entry.note", { name })),
      at && h("time", { title: moment(at) }, clock(at))),
    h("p", {}, text),
  );
}

const ICONS = {
  transferred: "person", declined: "warning", queued: "clock", joined: "take", moved: "forward",
  left: "bot", closed: "check", bot_failed: "warning", started: "person", changed: "info",
  waited: "clock",
};

function eventElement(entry, context) {
  const { body } = entry;
  return h(
    "div", { class: `event event-${body.type}` }, icon(ICONS[body.type] ?? "info"),
    h("span", {}, eventWords(body, context)),
    h("time", { title: moment(entry.at) }, clock(entry.at)),
  );
}

function eventWords(body, { state }) {
  switch (body.type) {
    case "started": return body.payload ? t("entry.started-by", body) : t("entry.started");
    case "transferred":
      if (body.by === "client") return t("entry.transferred-client");
      return body.transfer.reason ? t("entry.transferred-reason", body.transfer) : t("entry.transferred");
    case "declined": return t("entry.declined", { ...body, reason: body.reason || body.outcome });
    case "queued": return body.position ? t("entry.queued-at", body) : t("entry.queued");
    case "joined": return body.agent.id === state.me ? t("entry.joined-you") : t("entry.joined", body.agent);
    case "moved": return t("entry.moved", { name: body.by?.name ?? "", to: body.destination_name || t("everybody") });
    case "left": return withNote(t(`ended.${body.outcome}`, { name: body.agent?.name ?? "" }), body.note);
    case "closed": return withNote(t(`ended.closed_by_${body.by}`), body.reason);
    case "bot_failed": return t("entry.bot-failed", body);
    case "waited": return t("entry.waited");
    case "changed": return t("entry.changed", { facts: facts(body.attributes) });
    default: return body.type;
  }
}

function withNote(words, note) {
  return note ? `${words}. ${t("entry.note-given", { note })}` : words;
}

function facts(attributes) {
  return Object.entries(attributes).map(([name, value]) => `${name}: ${value}`).join(", ");
}
