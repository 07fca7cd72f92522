// Plain text with links, a small and safe Markdown, and HTML reduced to what a chat needs.

import { h } from "./dom.js";

const LINK = /https?:\/\/[^\s<>"'«»]+[^\s<>"'«».,;:!?)\]}]/g;

function link(href, ...children) {
  return h("a", { href, target: "_blank", rel: "noopener noreferrer nofollow" }, ...children);
}

/** Words, with web addresses as links. */
export function linked(text) {
  const parts = [];
  let at = 0;
  for (const match of text.matchAll(LINK)) {
    parts.push(text.slice(at, match.index), link(match[0], match[0]));
    at = match.index + match[0].length;
  }
  parts.push(text.slice(at));
  return parts.filter((part) => part !== "");
}

// --- Markdown ----------------------------------------------------------------------------------------------------------

const INLINE = /`([^`\n]+)`|\*\*(.+?)\*\*|__(.+?)__|\*(\S(?:.*?\S)?)\*|(?<!\w)_(\S(?:.*?\S)?)_(?!\w)|~~(.+?)~~|\[([^\]\n]+)\]\((https?:\/\/[^\s)]+)\)/s;

/** Blocks: paragraphs, lists, quotes, headings, fenced code. Raw HTML stays text. */
export function markdownText(text) {
  const blocks = [];
  const lines = text.split("\n");
  while (lines.length) blocks.push(takeBlock(lines));
  return blocks.filter(Boolean);
}

function takeBlock(lines) {
  const line = lines[0];
  if (!line.trim()) return void lines.shift();
  if (line.startsWith("```")) return takeFence(lines);
  if (/^\s*[-*+]\s+/.test(line)) return takeList(lines, "ul", /^\s*[-*+]\s+/);
  if (/^\s*\d+[.)]\s+/.test(line)) return takeList(lines, "ol", /^\s*\d+[.)]\s+/);
  if (line.startsWith(">")) return h("blockquote", {}, ...inline(takeWhile(lines, /^>\s?/).join("\n")));
  if (/^#{1,6}\s/.test(line)) return h("p", {}, h("strong", {}, ...inline(lines.shift().replace(/^#+\s+/, ""))));
  return takeParagraph(lines);
}

function takeFence(lines) {
  lines.shift();
  const end = lines.findIndex((line) => line.startsWith("```"));
  const code = lines.splice(0, end < 0 ? lines.length : end);
  lines.shift();
  return h("pre", {}, h("code", {}, code.join("\n")));
}

function takeList(lines, tag, marker) {
  return h(tag, {}, ...takeWhile(lines, marker).map((item) => h("li", {}, ...inline(item))));
}

function takeWhile(lines, marker) {
  const taken = [];
  while (lines.length && marker.test(lines[0])) taken.push(lines.shift().replace(marker, ""));
  return taken;
}

function takeParagraph(lines) {
  const taken = [];
  while (lines.length && lines[0].trim() && !/^(```|>|#{1,6}\s|\s*[-*+]\s|\s*\d+[.)]\s)/.test(lines[0])) taken.push(lines.shift());
  return taken.length ? h("p", {}, ...inline(taken.join("\n"))) : h("p", {}, ...inline(lines.shift()));
}

function inline(text) {
  const match = INLINE.exec(text);
  if (!match) return linked(text);
  const [whole, code, strong, strong2, emphasis, emphasis2, struck, words, href] = match;
  return [...linked(text.slice(0, match.index)), element(), ...inline(text.slice(match.index + whole.length))];

  function element() {
    if (code) return h("code", {}, code);
    if (strong ?? strong2) return h("strong", {}, ...inline(strong ?? strong2));
    if (emphasis ?? emphasis2) return h("em", {}, ...inline(emphasis ?? emphasis2));
    return struck ? h("s", {}, ...inline(struck)) : link(href, words);
  }
}

// --- HTML --------------------------------------------------------------------------------------------------------------

const KEPT = new Set(["B", "STRONG", "I", "EM", "U", "S", "DEL", "CODE", "PRE", "P", "BR", "UL", "OL", "LI", "BLOCKQUOTE"]);
const DROPPED = new Set(["SCRIPT", "STYLE", "TEMPLATE", "IFRAME", "OBJECT", "NOSCRIPT", "TITLE"]);

/** Reads HTML in a document that runs nothing, and copies what is harmless. */
export function htmlText(text) {
  return copies(new DOMParser().parseFromString(text, "text/html").body);
}

function copies(parent) {
  return [...parent.childNodes].flatMap(copy);
}

function copy(node) {
  if (node.nodeType === Node.TEXT_NODE) return [node.textContent];
  if (node.nodeType !== Node.ELEMENT_NODE || DROPPED.has(node.tagName)) return [];
  if (KEPT.has(node.tagName)) return [h(node.tagName.toLowerCase(), {}, ...copies(node))];
  const href = node.tagName === "A" ? node.getAttribute("href") ?? "" : "";
  return /^https?:\/\//i.test(href) ? [link(href, ...copies(node))] : copies(node);
}
