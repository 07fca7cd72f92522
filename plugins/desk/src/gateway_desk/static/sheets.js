// Questions before an act: native dialogs, so that focus, Escape and screen readers behave.

import { avatar, button, h, icon } from "./dom.js";
import { t } from "./i18n.js";
import { clientName } from "./names.js";

/** Opens a dialog window. `fill(close)` returns what stands in it. */
export function sheet(title, fill, { wide = false } = {}) {
  const before = document.activeElement;
  const close = () => window_.close();
  const window_ = h("dialog", { class: `sheet ${wide ? "wide" : ""}`, "aria-labelledby": "sheet-title" });
  window_.append(
    h("header", {}, h("h2", { id: "sheet-title" }, title), button(t("act.cancel"), { icon: "close", quiet: true, onclick: close })),
    ...fill(close),
  );
  window_.addEventListener("click", (event) => event.target === window_ && close());
  window_.addEventListener("close", () => {
    window_.remove();
    before?.isConnected && before.focus();
  });
  document.body.append(window_);
  window_.showModal();
  window_.querySelector("[autofocus]")?.focus();
  return window_;
}

/** A question with a note, a text and two buttons. */
function ask(desk, { title, text, note, confirm, danger = false, act }) {
  const { session } = desk.state.card;
  sheet(title, (close) => {
    const words = note && h("textarea", { id: "sheet-note", rows: 3, maxlength: 4000, autofocus: true, onkeydown: enterSubmits });
    const submit = (event) => {
      event.preventDefault();
      close();
      desk.state.act({ session, ...act, ...(note && { note: words.value.trim() }) });
    };
    return [h(
      "form", { onsubmit: submit },
      text && h("p", {}, text),
      note && h("label", { for: "sheet-note" }, note), words,
      h("div", { class: "sheet-acts" }, button(t("act.cancel"), { onclick: close, ...(!note && { autofocus: true }) }),
        h("button", { class: `button ${danger ? "danger" : "primary"}` }, confirm)),
    )];
  });
}

function enterSubmits(event) {
  if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
  event.preventDefault();
  event.target.form.requestSubmit();
}

export function askReturn(desk) {
  ask(desk, { title: t("return.title"), text: t("return.text"), note: t("return.note"), confirm: t("act.return"), act: { type: "return" } });
}

export function askClose(desk) {
  ask(desk, { title: t("close.title"), text: t("close.text"), note: t("close.note"), confirm: t("act.close"), act: { type: "close" } });
}

export function askBlock(desk) {
  const name = clientName(desk.state.card.client);
  ask(desk, { title: t("block.title"), text: t("block.text", { name }), confirm: t("block.button"), danger: true, act: { type: "block" } });
}

export function askTakeOver(desk) {
  const { agent } = desk.state.card;
  ask(desk, {
    title: t("take-over.title", agent), text: t("take-over.text", agent), confirm: t("take-over.button"),
    act: { type: "take", over: agent.id },
  });
  desk.dialog.composer.focusWhenMine();
}

// --- forward -------------------------------------------------------------------------------------------------------------

export function askForward(desk) {
  const { state } = desk;
  const { session, destination } = state.card;
  const groups = state.groups.filter(({ id }) => id !== destination);
  const colleagues = [...state.agents.values()].filter(({ id }) => id !== state.me && id !== destination);
  sheet(t("forward.title"), (close) => {
    const note = h("textarea", { id: "sheet-note", rows: 2, maxlength: 4000 });
    const submit = (event) => {
      event.preventDefault();
      const to = new FormData(event.target).get("to");
      close();
      state.act({ type: "forward", session, to, note: note.value.trim() });
    };
    const online = (group) => colleagues.filter((one) => one.online && one.groups.includes(group.id)).length;
    return [h(
      "form", { onsubmit: submit },
      choices(t("forward.groups"), groups, (group) => [icon("inbox"), group.name, t("forward.online", { count: online(group) })]),
      choices(t("forward.colleagues"), colleagues, (one) => [avatar(one, "agent"), one.name, t(one.online ? "status.online" : "status.away")]),
      h("label", { for: "sheet-note" }, t("forward.note")), note,
      h("div", { class: "sheet-acts" }, button(t("act.cancel"), { onclick: close }), h("button", { class: "button primary" }, t("forward.button"))),
    )];
  });
}

function choices(title, items, row) {
  if (!items.length) return null;
  const choice = (item, place) => {
    const [sign, name, state] = row(item);
    return h("label", { class: "choice" }, h("input", { type: "radio", name: "to", value: item.id, required: true, autofocus: place === 0 }), sign,
      h("span", {}, name), h("small", { class: item.online ? "is-online" : "" }, state));
  };
  return h("fieldset", { class: "choices" }, h("legend", {}, title), ...items.map(choice));
}
