// Sign-in by personal token. The session is a cookie no script can read.

import { h } from "./dom.js";
import { t } from "./i18n.js";
import { forgetClients } from "./prefs.js";

/** Tries a token; returns { agent } or { problem }. */
export async function signIn(token) {
  try {
    const body = JSON.stringify({ token });
    const answer = await fetch("session", { method: "POST", headers: { "Content-Type": "application/json" }, body });
    return answer.ok ? await answer.json() : { problem: t("sign-in.wrong") };
  } catch {
    return { problem: t("sign-in.failed") };
  }
}

export async function signOut() {
  forgetClients();
  await fetch("session", { method: "DELETE" });
  location.reload();
}

/** Shows the form; calls `enter` once somebody is signed in. */
export function showSignIn(app, enter) {
  const input = h("input", {
    id: "token", name: "token", type: "password", required: true, autocomplete: "current-password",
    "aria-describedby": "problem", spellcheck: "false",
  });
  const problem = h("p", { id: "problem", class: "problem", role: "alert" });
  const submit = async (event) => {
    event.preventDefault();
    const result = await signIn(input.value.trim());
    if (result.agent) return enter();
    problem.textContent = result.problem;
    input.setAttribute("aria-invalid", "true");
    input.select();
  };
  const form = h(
    "form", { class: "sign-in", onsubmit: submit },
    h("img", { src: "static/icon.svg", alt: "", width: 48, height: 48 }),
    h("h1", {}, document.title),
    h("p", {}, t("sign-in.lead")),
    h("label", { for: "token" }, t("sign-in.token")),
    input,
    problem,
    h("button", { class: "button primary" }, t("sign-in.button")),
  );
  app.replaceChildren(h("main", { class: "sign-in-page" }, form));
  input.focus();
}
