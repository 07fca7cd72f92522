// Elements are built here, never parsed from text: what clients write stays text.

const SVG = "http://www.w3.org/2000/svg";

/** Makes an element: h("p", { class: "note", onclick }, "words", otherElement). Falsy children are left out. */
export function h(tag, props = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(props)) setProp(element, name, value);
  element.append(...children.flat().filter((child) => child || child === 0));
  return element;
}

function setProp(element, name, value) {
  if (value === false || value === null || value === undefined) return;
  if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
  else if (name === "dataset") Object.assign(element.dataset, value);
  else if (name === "value") element.value = value;
  else element.setAttribute(name, value === true ? "" : value);
}

/** Line icons, 24 × 24. */
const PATHS = {
  attach: "M20 11.5 12.5 19a5 5 0 0 1-7-7l8-8a3.4 3.4 0 0 1 4.8 4.8l-8 8a1.8 1.8 0 0 1-2.5-2.5l7.2-7.2",
  back: "M15 5l-7 7 7 7",
  block: "M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18zM5.7 5.7l12.6 12.6",
  bot: "M12 4v3M7 7h10a3 3 0 0 1 3 3v6a3 3 0 0 1-3 3H7a3 3 0 0 1-3-3v-6a3 3 0 0 1 3-3zM9 12v1.5M15 12v1.5M2 12v3M22 12v3",
  check: "M5 12.5l4.5 4.5L19 7.5",
  close: "M6 6l12 12M18 6 6 18",
  clock: "M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18zM12 7.5V12l3 2",
  file: "M7 3h7l5 5v11a2 2 0 0 1-2 2H7a2 2 0 0 1-2-2V5a2 2 0 0 1 2-2zM14 3v5h5",
  forward: "M13 5l7 7-7 7M20 12H9a5 5 0 0 0-5 5v2",
  help: "M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18zM9.5 9.5a2.5 2.5 0 1 1 3.5 2.3c-.7.3-1 .8-1 1.7M12 16.8v.2",
  info: "M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18zM12 11v5M12 7.8V8",
  inbox: "M4 13l2.5-8h11L20 13v5a1.5 1.5 0 0 1-1.5 1.5h-13A1.5 1.5 0 0 1 4 18zM4 13h5l1.5 2.5h3L15 13h5",
  link: "M10 14a4 4 0 0 0 5.7 0l3-3A4 4 0 0 0 13 5.3L12 6.5M14 10a4 4 0 0 0-5.7 0l-3 3A4 4 0 0 0 11 18.7l1-1.2",
  more: "M5 12h.01M12 12h.01M19 12h.01",
  note: "M5 4h14v10l-6 6H5zM13 20v-6h6",
  person: "M12 4a4 4 0 1 0 0 8 4 4 0 0 0 0-8zM4.5 20a7.5 7.5 0 0 1 15 0",
  reply: "M10 6 4 12l6 6M4 12h10a6 6 0 0 1 6 6",
  send: "M5 12h13M12 5l7 7-7 7",
  settings: "M4 7h9M17 7h3M4 17h3M11 17h9M15 5v4M9 15v4",
  take: "M12 20V9M7 13l5-5 5 5M5 4h14",
  warning: "M12 4 2.5 20h19zM12 10v4.5M12 17.3v.2",
};

/** Makes an icon; it is decoration, words stand beside it or in a label. */
export function icon(name) {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("class", `icon icon-${name}`);
  svg.setAttribute("aria-hidden", "true");
  const path = document.createElementNS(SVG, "path");
  path.setAttribute("d", PATHS[name]);
  svg.append(path);
  return svg;
}

/** A button with an icon; `label` is shown unless `quiet`, and always spoken. */
export function button(label, { icon: name, quiet = false, kind = "", key = "", ...props } = {}) {
  const title = key ? `${label} (${key})` : label;
  const words = quiet ? [] : [h("span", { class: "label" }, label)];
  const named = quiet ? { "aria-label": label } : {};
  return h(
    "button",
    { type: "button", class: `button ${kind} ${quiet ? "quiet" : ""}`, title, ...named, ...props },
    name && icon(name),
    ...words,
  );
}

/**
 * Makes the children of `parent` those of `items`, in their order, and keeps the elements of items already there.
 * `build(item)` returns a new element; it is kept until `stamp(item)` changes.
 */
export function keyed(parent, items, keyOf, stamp, build) {
  const known = parent.keyedNodes ?? (parent.keyedNodes = new Map());
  const wanted = new Map();
  let place = parent.firstChild;
  for (const item of items) {
    const key = String(keyOf(item));
    const mark = stamp(item);
    const old = known.get(key);
    const node = old && old.stampMark === mark ? old : build(item);
    node.stampMark = mark;
    wanted.set(key, node);
    if (old && old !== node) {
      const focused = old.contains(document.activeElement) ? document.activeElement.dataset.focus : null;
      if (old === place) place = old.nextSibling;
      old.replaceWith(node);
      if (focused) node.querySelector(`[data-focus="${focused}"]`)?.focus({ preventScroll: true });
    }
    if (node === place) place = node.nextSibling;
    else parent.insertBefore(node, place);
  }
  for (const [key, node] of known) if (!wanted.has(key)) node.remove();
  parent.keyedNodes = wanted;
}

/** A round picture of somebody, or their initials on a colour of their own. */
export function avatar(person, kind = "client") {
  const name = person?.name || person?.id || "?";
  const frame = h("span", { class: `avatar avatar-${kind}`, "aria-hidden": "true" });
  if (kind === "bot") frame.append(icon("bot"));
  else frame.append(initials(name));
  frame.style.setProperty("--hue", hue(person?.id || name));
  const url = person?.avatar ?? person?.avatar_url;
  if (url) {
    const image = h("img", { src: fileUrl(url), alt: "", loading: "lazy", referrerpolicy: "no-referrer" });
    image.addEventListener("error", () => image.remove());
    frame.append(image);
  }
  return frame;
}

function initials(name) {
  const words = name.trim().split(/[\s_.-]+/).filter(Boolean);
  const letters = words.length > 1 ? [words[0], words.at(-1)] : [words[0] ?? "?"];
  return letters.map((word) => [...word][0]).join("").toUpperCase();
}

function hue(text) {
  let sum = 7;
  for (const letter of text) sum = (sum * 31 + letter.codePointAt(0)) % 360;
  return sum;
}

/** Files of the gateway lie beside the desk's own folder, also behind a path prefix. */
export function fileUrl(url) {
  return url.startsWith("/") ? new URL(`..${url}`, document.baseURI).href : url;
}
