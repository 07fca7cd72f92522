// Sound and notifications for what needs the agent: a dialog waits, a client of theirs wrote.

import { t } from "./i18n.js";
import { clientName, endedWords } from "./names.js";
import { recall } from "./prefs.js";
import { toast } from "./toasts.js";

export function startAlerts(desk) {
  desk.state.addEventListener("news", ({ detail }) => {
    const news = newsOf(desk.state, detail);
    if (news) alertTo(desk, news);
  });
}

export async function askForNotifications() {
  if (!("Notification" in globalThis)) return false;
  return (await Notification.requestPermission()) === "granted";
}

/** What is worth an alert: { text, detail, session, soft, toast }, or nothing. */
function newsOf(state, { before, card }) {
  const name = clientName(card.client);
  const about = (key, more = {}) => ({ text: t(key, { name, ...more }), detail: card.last?.text ?? "", session: card.session, ...more });
  const forMe = card.destination === state.me;
  if (card.state === "waiting" && before?.state !== "waiting" && (forMe || state.agent.declared)) {
    return about(forMe ? "alert.given" : "alert.waiting");
  }
  if (!before) return null;
  if (state.isMine(before)) return newsOfMine(state, before, card, about);
  return state.isMine(card) ? about("alert.given") : null;
}

function newsOfMine(state, before, card, about) {
  if (card.state === "ended" && !BY_AGENT.has(card.ended.how)) {
    return { ...about("alert.ended", { how: endedWords(card) }), toast: true };
  }
  if (card.state === "joined" && !state.isMine(card)) return { ...about("alert.taken", { by: card.agent.name }), toast: true };
  if (grew(before.failures, card.failures)) return about("alert.failed");
  return grew(before.client_lines, card.client_lines) ? about("alert.wrote", { soft: true }) : null;
}

const BY_AGENT = new Set(["returned", "closed", "closed_by_agent"]);

function grew(before, now) {
  return (now.at(-1) ?? 0) > (before.at(-1) ?? 0);
}

function alertTo(desk, news) {
  if (news.toast) toast(news.text, "warning");
  if (document.hasFocus() && desk.state.selected === news.session) return;
  if (recall("sound", true)) beep(news.soft ? [660] : [660, 880]);
  if (recall("notify", false) && !document.hasFocus() && globalThis.Notification?.permission === "granted") notify(desk, news);
}

function notify(desk, { text, detail, session }) {
  const note = new Notification(text, { body: detail, tag: session, icon: new URL("static/icon.svg", document.baseURI).href });
  note.addEventListener("click", () => {
    window.focus();
    desk.open(session);
    note.close();
  });
}

let audio;

/** Short soft tones, made here: no file, no codec. Browsers allow sound after the first click or key. */
function beep(tones) {
  if (navigator.userActivation && !navigator.userActivation.hasBeenActive) return;
  audio ??= new AudioContext();
  for (const [place, frequency] of tones.entries()) tone(frequency, audio.currentTime + place * 0.16);
}

function tone(frequency, at) {
  const voice = audio.createOscillator();
  const volume = audio.createGain();
  voice.frequency.value = frequency;
  volume.gain.setValueAtTime(0.0001, at);
  volume.gain.exponentialRampToValueAtTime(0.12, at + 0.015);
  volume.gain.exponentialRampToValueAtTime(0.0001, at + 0.22);
  voice.connect(volume).connect(audio.destination);
  voice.start(at);
  voice.stop(at + 0.25);
}
