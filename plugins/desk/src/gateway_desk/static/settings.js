// What this agent likes, on this device.

import { askForNotifications } from "./alerts.js";
import { button, h } from "./dom.js";
import { languages, t } from "./i18n.js";
import { recall, remember } from "./prefs.js";
import { sheet } from "./sheets.js";
import { signOut } from "./sign-in.js";
import { applyTheme } from "./theme.js";

export function openSettings() {
  sheet(t("settings.title"), () => [
    toggle("sound", t("settings.sound"), true),
    notifications(),
    toggle("keys", t("settings.keys"), true),
    select("theme", t("settings.theme"), [["auto", t("settings.theme-auto")], ["light", t("settings.theme-light")], ["dark", t("settings.theme-dark")]], applyTheme),
    select("language", t("settings.language"), [["", t("settings.language-auto")], ...languages], () => location.reload()),
    h("div", { class: "sheet-acts" }, button(t("sign-out"), { onclick: signOut })),
  ]);
}

function toggle(key, text, otherwise) {
  const input = h("input", { type: "checkbox", role: "switch", checked: recall(key, otherwise), onchange: () => remember(key, input.checked) });
  return h("label", { class: "setting" }, h("span", {}, text), input);
}

function notifications() {
  const problem = h("p", { class: "problem", role: "alert" });
  const input = h("input", {
    type: "checkbox", role: "switch", checked: recall("notify", false) && globalThis.Notification?.permission === "granted",
    onchange: async () => {
      const granted = input.checked && (await askForNotifications());
      if (input.checked && !granted) problem.textContent = t("settings.notify-denied");
      input.checked = granted;
      remember("notify", granted);
    },
  });
  return h("div", {}, h("label", { class: "setting" }, h("span", {}, t("settings.notify")), input), problem);
}

function select(key, text, options, apply) {
  const chosen = recall(key, options[0][0]);
  const list = h(
    "select", { onchange: () => { remember(key, list.value); apply(list.value); } },
    ...options.map(([value, words]) => h("option", { value, selected: value === chosen }, words)),
  );
  return h("label", { class: "setting" }, h("span", {}, text), list);
}
