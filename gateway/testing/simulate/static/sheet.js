// Windows: forms for acts, the set-up, the troubles, the keys.

import { button, h, icon } from "./dom.js";
import { state } from "./state.js";

function open(title, ...content) {
  const close = button("Dismiss", { icon: "close", quiet: true, onclick: () => dialog.close() });
  const heading = h("h2", { id: "sheet-title" }, title);
  const dialog = h("dialog", { class: "sheet", "aria-labelledby": "sheet-title" }, h("header", {}, heading, close), ...content);
  dialog.addEventListener("close", () => dialog.remove());
  dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());
  document.body.append(dialog);
  dialog.showModal();
  return dialog;
}

let fieldIds = 0;

/** A label and what is filled in. */
function field({ name, label, type, value, choices = [], required }) {
  const id = `field-${++fieldIds}`;
  const props = { id, name, required };
  if (type === "check") return h("label", { class: "check", for: id }, h("input", { ...props, type: "checkbox", checked: value === "yes" }), label);
  return [
    h("label", { for: id }, label),
    type === "long" && h("textarea", { ...props, rows: 3, value }),
    type === "choice" && select(props, choices, value),
    (type === "text" || type === "number") && h("input", { ...props, type: "text", inputmode: type === "number" ? "decimal" : null, value, autocomplete: "off" }),
  ];
}

function select(props, choices, value) {
  const options = choices.map((choice) => h("option", { value: choice.value, selected: choice.value === value }, choice.label));
  return h("select", props, options);
}

function valuesOf(form) {
  return Object.fromEntries([...new FormData(form)].map(([name, value]) => [name, value === "on" ? "yes" : value]));
}

/** A form that stays open as long as what it asks for is refused. */
function ask(title, { hint, fields, label, danger, submit }) {
  const problem = h("p", { class: "problem", role: "alert" });
  const cancel = button("Cancel", { onclick: () => dialog.close() });
  const go = h("button", { class: `button ${danger ? "danger" : "primary"}` }, label);
  const form = h("form", { method: "dialog" }, hint && h("p", { class: "hint" }, hint), fields.map(field), problem, h("div", { class: "sheet-acts" }, cancel, go));
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    go.disabled = true;
    const error = await submit(valuesOf(form));
    go.disabled = false;
    if (error) problem.textContent = error;
    else dialog.close();
  });
  const dialog = open(title, form);
  form.querySelector("input, textarea, select, .primary, .danger")?.focus();
}

/** Does an act, after asking for what it needs. Dangerous ones are asked about even without fields. */
export function doAct(act, chat = "") {
  if (!act.fields.length && !act.danger) return state.act(act.name, { chat });
  return ask(act.label, {
    hint: act.hint, fields: act.fields, label: act.label, danger: act.danger,
    submit: (values) => state.act(act.name, { chat, values }),
  });
}

export function showSetup() {
  const { setup, url, gateway, serve } = state.now;
  const exports = Object.entries(setup.environ).map(([name, value]) => `export ${name}=${value}`).join("\n");
  open(
    "Set-up",
    h("p", {}, "What the gateway's configuration needs:"), code(setup.config.trimEnd()),
    h("p", {}, "Its environment:"), code(exports),
    setup.steps.map((step) => h("p", {}, step)),
    serve && [h("p", {}, "Or the complete configuration that comes with the repository:"), code(serve)],
    h("p", { class: "hint" }, `This simulation is at ${url} and talks to the gateway at ${gateway.url}.`),
  );
}

function code(text) {
  const copy = button("Copy", { icon: "copy", quiet: true, onclick: async () => {
    await navigator.clipboard.writeText(text);
    copy.replaceChildren(icon("check"));
  } });
  return h("div", { class: "code" }, h("pre", { tabindex: 0 }, text), copy);
}

const STATUSES = [["", "nothing"], ["429", "429 Too Many Requests"], ["503", "503 Service Unavailable"], ["500", "500 Internal Server Error"], ["401", "401 Unauthorized"], ["403", "403 Forbidden"], ["404", "404 Not Found"], ["400", "400 Bad Request"]];

export function showTroubles() {
  const { troubles, calls } = state.now;
  const choices = (pairs) => pairs.map(([value, label]) => ({ value, label }));
  const refusing = troubles.refuse_times > 0;
  ask("Let something go wrong", {
    hint: "What this side does to the gateway's calls from now on.",
    label: "Do it",
    fields: [
      { name: "refuse_status", label: "Refuse with", type: "choice", choices: choices(STATUSES), value: refusing ? String(troubles.refuse_status) : "" },
      { name: "refuse_call", label: "Which calls", type: "choice", choices: choices([["", "all but the quiet ones"], ...calls.map((call) => [call, call])]), value: troubles.refuse_call },
      { name: "refuse_times", label: "How many of them", type: "number", value: String(refusing ? troubles.refuse_times : 1) },
      { name: "retry_after", label: "Retry-After, in seconds (0: none)", type: "number", value: String(troubles.retry_after) },
      { name: "slow_seconds", label: "Answer so many seconds late", type: "number", value: String(troubles.slow_seconds) },
      { name: "away", label: "Be away: cut every connection", type: "check", value: troubles.away ? "yes" : "" },
    ],
    submit: (values) => state.trouble(values),
  });
}

export function showKeys() {
  const keys = [["Enter", "Send"], ["Shift Enter", "New line"], ["Alt ↑ ↓", "Another chat"], ["/", "Write"], ["w", "Wire log"], ["f", "Let something go wrong"], ["s", "Set-up"], ["?", "These keys"]];
  open("Keys", h("dl", { class: "keys" }, keys.map(([key, what]) => h("div", {}, h("dt", {}, key.split(" ").map((one) => h("kbd", {}, one))), h("dd", {}, what)))));
}
