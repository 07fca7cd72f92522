// What a message contains, as elements. Words of clients and bots never become markup of ours.

import { fileUrl, h, icon } from "./dom.js";
import { bytes, t } from "./i18n.js";
import { htmlText, linked, markdownText } from "./markup.js";

export function contents(message, state) {
  return message.contents.map((content) => VIEWS[content.type]?.(content, state)).filter(Boolean);
}

const VIEWS = {
  text: ({ text, markup }) => h("div", { class: `text text-${markup}` }, ...textOf(text, markup)),
  media: mediaView,
  location: ({ latitude, longitude, title }) => {
    const place = `${latitude},${longitude}`;
    const url = `https://www.openstreetmap.org/?mlat=${latitude}&mlon=${longitude}#map=16/${latitude}/${longitude}`;
    return h("p", {}, outsideLink(url, title || `${t("content.place")} (${place})`));
  },
  contact: ({ name, phone, email }) => h("p", { class: "contact" }, icon("person"), [name, phone, email].filter(Boolean).join(" · ")),
  buttons: ({ buttons }) => buttonsView(buttons),
  carousel: ({ cards }, state) => h("div", { class: "carousel", tabindex: 0 }, ...cards.map((card) => cardView(card, state))),
  pressed: ({ value, text }) => h("p", { class: "pressed" }, t("content.pressed", { text: text || value })),
};

function textOf(text, markup) {
  if (markup === "markdown") return markdownText(text);
  return markup === "html" ? htmlText(text) : linked(text);
}

function mediaView({ kind, attachment, caption }, state) {
  return h("figure", { class: `media media-${kind}` }, fileView(kind, attachment, state), caption && h("figcaption", {}, ...linked(caption)));
}

function fileView(kind, attachment, state) {
  const url = safeUrl(attachment.url);
  if (!url) return h("span", {}, attachment.name);
  const ours = attachment.url.startsWith("/");
  if (!ours && !state.outsideImages) return fileLink(url, attachment, t("content.open-outside", { host: new URL(url).host }));
  switch (kind) {
    case "image":
    case "sticker":
      return h("a", { href: url, target: "_blank", rel: "noopener noreferrer" },
        h("img", { src: url, alt: attachment.name || t("content.image"), loading: "lazy", referrerpolicy: "no-referrer" }));
    case "audio":
    case "voice":
      return h("audio", { src: url, controls: true, preload: "none" });
    case "video":
      return h("video", { src: url, controls: true, preload: "metadata" });
    default:
      return fileLink(url, attachment, "");
  }
}

function fileLink(url, attachment, more) {
  const size = attachment.size ? bytes(attachment.size) : "";
  return h(
    "a", { class: "file", href: url, target: "_blank", rel: "noopener noreferrer", download: attachment.url.startsWith("/") ? attachment.name : null },
    icon("file"), h("span", {}, attachment.name), h("small", {}, [more, size].filter(Boolean).join(" · ")),
  );
}

function buttonsView(buttons) {
  const chip = ({ text, url }) => h("li", {}, text, url && safeUrl(url) && icon("link"));
  return h("ul", { class: "chips", "aria-label": t("content.buttons") }, ...buttons.map(chip));
}

function cardView({ title, description, image, buttons }, state) {
  return h(
    "section", { class: "card" },
    image && fileView("image", image, state), h("strong", {}, title), description && h("p", {}, description), buttons.length > 0 && buttonsView(buttons),
  );
}

function outsideLink(url, text) {
  return h("a", { href: url, target: "_blank", rel: "noopener noreferrer" }, text);
}

/** Only web addresses and our own files become links. */
export function safeUrl(url) {
  if (url.startsWith("/files/")) return fileUrl(url);
  try {
    return ["http:", "https:"].includes(new URL(url).protocol) ? url : null;
  } catch {
    return null;
  }
}
