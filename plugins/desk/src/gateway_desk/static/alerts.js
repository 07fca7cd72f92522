// Sound and notifications for what needs the agent: a dialog waits, a client of theirs wrote.

import { t } from "./i18n.js";
import { clientName } from "./names.js";
import { recall } from "./prefs.js";

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

/** What is worth an alert: { text, detail, session, soft }, or nothing. */
function newsOf(state, { before, card }) {
  const name = clientName(card.client);
  const forMe = card.destination === state.me;
  if (card.state === "waiting" && before?.state !== "waiting" && (forMe || state.agent.declared)) {
    return { text: t(forMe ? "alert.given" : "alert.waiting", { name }), detail: card.last?.text ?? "", session: card.session };
  }
  if (before?.state === "waiting" && state.isMine(card)) {
    return { text: t("alert.given", { name }), detail: card.last?.text ?? "", session: card.session };
  }
  const wrote = (card.client_lines.at(-1) ?? 0) > (before?.client_lines.at(-1) ?? 0);
  if (before && wrote && state.isMine(card)) {
    return { text: t("alert.wrote", { name }), detail: card.last?.text ?? "", session: card.session, soft: true };
  }
  return null;
}

function alertTo(desk, { text, detail, session, soft }) {
  const looking = document.hasFocus() && desk.state.selected === session;
  if (looking) return;
  if (recall("sound", true)) beep(soft ? [660] : [660, 880]);
  if (recall("notify", false) && !document.hasFocus() && globalThis.Notification?.permission === "granted") {
    const note = new Notification(text, { body: detail, tag: session, icon: new URL("static/icon.svg", document.baseURI).href });
    note.addEventListener("click", () => {
      window.focus();
      desk.open(session);
      note.close();
    });
  }
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
