// Elements are built here, never parsed from text: what came over the wire stays text.

const SVG = "http://www.w3.org/2000/svg";

/** Makes an element: h("p", { class: "note", onclick }, "words", other). Falsy children are left out. */
export function h(tag, props = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(props)) {
    if (value === false || value === null || value === undefined) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (name === "value") element.value = value;
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.flat(2).filter((child) => child || child === 0));
  return element;
}

/** Line icons, 24 × 24. An act names one of them. */
const PATHS = {
  attach: "M20 11.5 12.5 19a5 5 0 0 1-7-7l8-8a3.4 3.4 0 0 1 4.8 4.8l-8 8a1.8 1.8 0 0 1-2.5-2.5l7.2-7.2",
  back: "M15 5l-7 7 7 7",
  block: "M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18zM5.7 5.7l12.6 12.6",
  card: "M4 6h16v12H4zM8.5 12.5a1.8 1.8 0 1 0 0-3.6 1.8 1.8 0 0 0 0 3.6zM5.8 15.6c1-2 4.4-2 5.4 0M14 10h3.5M14 13.5h3.5",
  check: "M5 12.5l4.5 4.5L19 7.5",
  clock: "M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18zM12 7.5V12l3 2",
  close: "M6 6l12 12M18 6 6 18",
  copy: "M9 9h10v11H9zM5 15V4h10",
  file: "M7 3h7l5 5v11a2 2 0 0 1-2 2H7a2 2 0 0 1-2-2V5a2 2 0 0 1 2-2zM14 3v5h5",
  forward: "M13 5l7 7-7 7M20 12H9a5 5 0 0 0-5 5v2",
  in: "M19 5 6 18M6 9v9h9",
  info: "M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18zM12 11v5M12 7.8V8",
  link: "M10 14a4 4 0 0 0 5.7 0l3-3A4 4 0 0 0 13 5.3L12 6.5M14 10a4 4 0 0 0-5.7 0l-3 3A4 4 0 0 0 11 18.7l1-1.2",
  moon: "M20 14.5A8.5 8.5 0 0 1 9.5 4a8.5 8.5 0 1 0 10.5 10.5z",
  note: "M5 4h14v10l-6 6H5zM13 20v-6h6",
  out: "M6 18 19 5M10 5h9v9",
  person: "M12 4a4 4 0 1 0 0 8 4 4 0 0 0 0-8zM4.5 20a7.5 7.5 0 0 1 15 0",
  place: "M12 21s7-6.2 7-11.5A7 7 0 0 0 5 9.5C5 14.8 12 21 12 21zM12 12a2.5 2.5 0 1 0 0-5 2.5 2.5 0 0 0 0 5z",
  reply: "M10 6 4 12l6 6M4 12h10a6 6 0 0 1 6 6",
  retry: "M19 5v5h-5M19 10a7.5 7.5 0 1 0 .5 4",
  send: "M5 12h13M12 5l7 7-7 7",
  settings: "M4 7h9M17 7h3M4 17h3M11 17h9M15 5v4M9 15v4",
  star: "M12 4l2.5 5.1 5.5.8-4 3.9.95 5.6L12 16.7 7.05 19.4 8 13.8 4 9.9l5.5-.8z",
  take: "M12 20V9M7 13l5-5 5 5M5 4h14",
  trouble: "M13 3 5 13.5h6L10 21l8.5-11H12z",
  warning: "M12 4 2.5 20h19zM12 10v4.5M12 17.3v.2",
  wire: "M4 8h13l-3-3M20 16H7l3 3",
};

/** Makes an icon; it is decoration, words stand beside it or in a label. */
export function icon(name) {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("class", "icon");
  svg.setAttribute("aria-hidden", "true");
  const path = document.createElementNS(SVG, "path");
  path.setAttribute("d", PATHS[name] ?? PATHS.info);
  svg.append(path);
  return svg;
}

/** A button with an icon; `label` is shown unless `quiet`, and always spoken. */
export function button(label, { icon: name, quiet = false, kind = "", title = "", ...props } = {}) {
  return h(
    "button",
    { type: "button", class: `button ${kind} ${quiet ? "quiet" : ""}`, title: title || (quiet ? label : null), "aria-label": label, ...props },
    name && icon(name),
    !quiet && h("span", { class: "label" }, label),
  );
}

/** Makes the children of `parent` those of `items`, and keeps the elements of items whose `stamp` did not change. */
export function keyed(parent, items, keyOf, build) {
  const known = parent.keyedNodes ?? new Map();
  const wanted = new Map();
  for (const item of items) {
    const stamp = JSON.stringify(item);
    const old = known.get(keyOf(item));
    const node = old?.stamp === stamp ? old : build(item, old);
    node.stamp = stamp;
    wanted.set(keyOf(item), node);
  }
  for (const [key, node] of known) if (wanted.get(key) !== node) node.remove();
  let place = parent.firstChild;
  for (const node of wanted.values()) {
    if (node === place) place = place.nextSibling;
    else parent.insertBefore(node, place);
  }
  parent.keyedNodes = wanted;
}

export function avatar(name, key = name) {
  const letters = name.trim().split(/[\s_.-]+/).filter(Boolean).map((word) => [...word][0]);
  const frame = h("span", { class: "avatar", "aria-hidden": "true" }, [letters[0] ?? "?", letters.length > 1 ? letters.at(-1) : ""].join("").toUpperCase());
  let hue = 7;
  for (const letter of key) hue = (hue * 31 + letter.codePointAt(0)) % 360;
  frame.style.setProperty("--hue", hue);
  return frame;
}

export function clock(seconds) {
  return new Date(seconds * 1000).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });
}

export function bytes(size) {
  if (size === null || size === undefined) return "";
  if (size < 1000) return `${size} B`;
  return size < 1_000_000 ? `${Math.round(size / 1000)} kB` : `${(size / 1_000_000).toFixed(1)} MB`;
}
