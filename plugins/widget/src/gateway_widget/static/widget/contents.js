// Message contents as DOM nodes.

import { h, icon } from "./dom.js";
import { fileUrl, link, words } from "./markdown.js";
import { size } from "./texts.js";

// show: { say, root, press(button), spent, pressed }
export function contentNodes(contents, show) {
  return contents.flatMap((content) => VIEWS[content.type]?.(content, show) ?? []);
}

const VIEWS = {
  text: ({ text, markup }) => h("div", { class: "bubble text", dir: "auto" }, words(text, markup)),
  pressed: ({ text, value }) => h("div", { class: "bubble text", dir: "auto" }, words(text || value)),
  media: (media, show) => h("figure", { class: "bubble media" }, [file(media, show), caption(media.caption)]),
  location: place,
  contact: card,
  buttons: ({ buttons }, show) => buttonRow(buttons, show),
  carousel,
};

const caption = (text) => text && h("figcaption", { dir: "auto" }, text);

function file({ kind, attachment }, { say, root }) {
  const { name, media_type, size: bytes } = attachment;
  const src = fileUrl(attachment.url, root);
  if (kind === "image" || kind === "sticker")
    return h("a", { href: src, target: "_blank", rel: "noopener" }, picture(src, name || say("image")));
  if (kind === "video") return h("video", { src, controls: true, preload: "metadata", "aria-label": name });
  if (kind === "audio" || kind === "voice")
    return h("audio", { src, controls: true, preload: "none", "aria-label": name });
  const note = bytes ? size(say.language, bytes) : media_type;
  const facts = h("span", {}, h("b", { dir: "auto" }, name), h("small", {}, note));
  return h("a", { class: "file", href: src, target: "_blank", rel: "noopener", download: name }, icon("file"), facts);
}

function picture(src, alt) {
  const image = h("img", { src, alt, loading: "lazy" });
  const settle = () => image.dispatchEvent(new CustomEvent("settled", { bubbles: true }));
  image.addEventListener("load", settle);
  return image;
}

function place({ latitude, longitude, title }, { say }) {
  const where = `${latitude.toFixed(5)}, ${longitude.toFixed(5)}`;
  const map = `https://www.openstreetmap.org/?mlat=${latitude}&mlon=${longitude}#map=16/${latitude}/${longitude}`;
  const facts = h("span", {}, h("b", { dir: "auto" }, title || where), h("small", {}, link(map, say("map"))));
  return h("div", { class: "bubble file" }, icon("pin"), facts);
}

function card({ name, phone, email }) {
  const lines = [phone && link("tel:" + phone, phone), email && link("mailto:" + email, email)];
  const facts = h("span", {}, h("b", { dir: "auto" }, name), lines.filter(Boolean).map((line) => h("small", {}, line)));
  return h("div", { class: "bubble file" }, icon("person"), facts);
}

function buttonRow(buttons, show) {
  return h("div", { class: "choices" }, buttons.map((button) => choice(button, show)));
}

function choice(button, { press, spent, pressed }) {
  if (button.url) return link(button.url, button.text);
  const value = button.value || button.text;
  const chosen = spent && pressed === value;
  const onclick = () => press({ value, text: button.text });
  return h("button", { type: "button", disabled: spent, "aria-pressed": chosen && "true", onclick }, button.text);
}

function carousel({ cards }, show) {
  const list = { class: "cards", tabindex: "0", "aria-label": show.say("cards") };
  return h("div", { class: "carousel" }, h("ul", list, cards.map((each) => page(each, show))));
}

function page({ title, description, image, buttons }, show) {
  return h("li", {},
    image && picture(fileUrl(image.url, show.root), ""),
    h("b", { dir: "auto" }, title),
    description && h("p", { dir: "auto" }, description),
    buttons.length > 0 && buttonRow(buttons, show));
}
