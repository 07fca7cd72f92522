// The beginning: who is it, then either the sign-in or the workspace.

import { h } from "./dom.js";
import { useLanguage } from "./i18n.js";
import { recall } from "./prefs.js";
import { showSignIn, signIn } from "./sign-in.js";
import { applyColour, applyTheme, fitKeyboard } from "./theme.js";
import { openWorkspace } from "./workspace.js";

const app = document.getElementById("app");

async function begin() {
  applyColour(document.querySelector("meta[name=theme-color]").content);
  applyTheme(recall("theme", "auto"));
  fitKeyboard();
  await useLanguage(recall("language", ""));
  const token = takeTokenFromAddress();
  if (token && (await signIn(token)).agent) return enter();
  const { agent } = await whoAmI();
  return agent ? enter() : showSignIn(app, enter);
}

/** A link may carry the token behind `#token=`; browsers do not send that part, and it is gone at once. */
function takeTokenFromAddress() {
  const match = /^#token=(.+)$/.exec(location.hash);
  if (!match) return null;
  history.replaceState(null, "", location.pathname + location.search);
  return decodeURIComponent(match[1]);
}

async function whoAmI() {
  try {
    return await (await fetch("session")).json();
  } catch {
    return { agent: null };
  }
}

function enter() {
  app.replaceChildren(h("p", { class: "loading", role: "status" }, "…"));
  openWorkspace(app);
}

begin();
