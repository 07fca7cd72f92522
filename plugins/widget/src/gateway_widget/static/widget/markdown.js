// Markdown, plain text and HTML to DOM nodes. Builds nodes, never parses markup into the page, and links only to
// addresses that cannot run anything.

import { h } from "./dom.js";

const URL_TEXT = /https?:\/\/[^\s<>]*[^\s<>.,;:!?'")\]]/.source;
const PLAIN = new RegExp(`(${URL_TEXT})`);
const INLINE = new RegExp(
  [
    /`([^`]+)`/.source,
    /\*\*(.+?)\*\*|__(.+?)__/.source,
    /\*([^*\s][^*]*)\*|\b_([^_\s][^_]*)_\b/.source,
    /~~(.+?)~~/.source,
    /\[([^\]]+)\]\(([^\s)]+)\)/.source,
    `(${URL_TEXT})`,
    /\\([\\`*_~[\]()#>.!-])/.source,
  ].join("|"),
);
const ALLOWED = /^(B|STRONG|I|EM|U|S|CODE|PRE|P|BR|UL|OL|LI|BLOCKQUOTE)$/;

export function safeUrl(text, base) {
  try {
    const url = new URL(text, base);
    return text && /^(https?|mailto|tel):$/.test(url.protocol) ? url.href : "";
  } catch {
    return "";
  }
}

// A file's address; those the gateway keeps itself begin with a slash and count from its own root.
export const fileUrl = (text, root) => safeUrl(text.replace(/^\//, ""), root) || null;

export function link(address, ...children) {
  const href = safeUrl(address);
  return href ? h("a", { href, target: "_blank", rel: "noopener noreferrer" }, ...children) : children;
}

export function words(text, markup) {
  if (markup === "markdown") return blocks(text);
  if (markup === "html") return html(text);
  return [h("p", { class: "plain" }, plain(text))];
}

function plain(text) {
  const parts = text.split(PLAIN);
  return parts.map((part, index) => (index % 2 ? link(part, part) : part)).flat();
}

function inline(text) {
  const nodes = [];
  for (let found; (found = INLINE.exec(text)); text = text.slice(found.index + found[0].length))
    nodes.push(text.slice(0, found.index), styled(found));
  return [...nodes, text].flat();
}

function styled([, code, strong, strong2, em, em2, gone, label, address, url, escaped]) {
  if (code) return h("code", {}, code);
  if (strong ?? strong2) return h("strong", {}, inline(strong ?? strong2));
  if (em ?? em2) return h("em", {}, inline(em ?? em2));
  if (gone) return h("s", {}, inline(gone));
  if (label) return link(address, ...inline(label));
  return url ? link(url, url) : escaped;
}

function blocks(text) {
  const parts = text.split(/^```.*\n([\s\S]*?)^```$/m);
  return parts.flatMap((part, index) => (index % 2 ? h("pre", {}, h("code", {}, part)) : paragraphs(part)));
}

function paragraphs(text) {
  const done = [];
  let open = null; // the paragraph or list that the next line may continue
  for (const line of text.split("\n")) {
    const item = /^\s*(?:[-*+]|(\d+)[.)])\s+(.*)/.exec(line);
    const heading = /^#{1,6}\s+(.*)/.exec(line);
    if (!line.trim()) open = null;
    else if (item) open = listed(done, open, item);
    else if (heading) done.push(h("p", {}, h("strong", {}, inline(heading[1]))));
    else if (open?.localName === "p") open.append(h("br"), ...inline(line));
    else done.push((open = h("p", {}, inline(line))));
  }
  return done;
}

function listed(done, open, [, number, text]) {
  const tag = number ? "ol" : "ul";
  if (open?.localName !== tag) done.push((open = h(tag, { start: number })));
  open.append(h("li", {}, inline(text)));
  return open;
}

function html(text) {
  return copy(new DOMParser().parseFromString(text, "text/html").body);
}

function copy(parent) {
  return [...parent.childNodes].flatMap((child) => {
    if (child.nodeType === Node.TEXT_NODE) return child.data;
    if (/^(SCRIPT|STYLE|TEMPLATE)$/.test(child.nodeName)) return [];
    if (child.nodeName === "A") return link(child.getAttribute("href") ?? "", ...copy(child));
    return ALLOWED.test(child.nodeName) ? h(child.nodeName.toLowerCase(), {}, copy(child)) : copy(child);
  });
}
