// What the embedded script starts: one chat per page, and the page's way to speak to it, `window.GatewayChat`.

import { Chat } from "./chat.js";

export async function mount(entry, config) {
  if (!customElements.get("gateway-chat")) customElements.define("gateway-chat", Chat);
  const script = [...document.scripts].find(({ src }) => src === entry);
  const chat = document.createElement("gateway-chat");
  document.body.append(chat);
  await chat.prepare({ ...config, ...script?.dataset }, new URL(".", entry).href);
  offer(chat);
}

// Calls pushed before the script was there are made now, as with the `dataLayer` of analytics scripts.
function offer(chat) {
  const early = Array.isArray(window.GatewayChat) ? window.GatewayChat : [];
  const names = ["open", "close", "identify", "setAttributes", "on", "off", "logout"];
  const api = Object.fromEntries(names.map((name) => [name, chat[name].bind(chat)]));
  window.GatewayChat = Object.freeze({ ...api, push: (call) => call(window.GatewayChat) });
  for (const call of early) call(window.GatewayChat);
  chat.ready();
}
