// Colours: the system's choice of light or dark, or the agent's; and the accent from the config.

export function applyTheme(theme) {
  if (theme === "auto") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme;
}

const BLACK = [0, 0, 0];
const WHITE = [1, 1, 1];
const ON_LIGHT = 0.12; // luminance at which words can be read on our light surfaces, and ...
const ON_DARK = 0.36; // ... on the dark ones

/** Sets the accent, a colour for words on it, and the accent as words: darker or lighter until they can be read. */
export function applyColour(colour) {
  const accent = [1, 3, 5].map((at) => parseInt(colour.slice(at, at + 2), 16) / 255);
  const style = document.documentElement.style;
  style.setProperty("--accent", colour);
  style.setProperty("--on-accent", luminance(accent) > 0.19 ? "#10131a" : "#ffffff");
  style.setProperty("--accent-on-light", css(moved(accent, BLACK, (light) => light <= ON_LIGHT)));
  style.setProperty("--accent-on-dark", css(moved(accent, WHITE, (light) => light >= ON_DARK)));
}

function moved(colour, towards, isEnough) {
  let mixed = colour;
  for (let share = 0; share < 1 && !isEnough(luminance(mixed)); share += 0.05) {
    mixed = colour.map((part, place) => part + (towards[place] - part) * share);
  }
  return mixed;
}

function css(colour) {
  return `rgb(${colour.map((part) => Math.round(part * 255)).join(" ")})`;
}

/** Keeps the page above the keyboard of a phone, where browsers lay it over the page. */
export function fitKeyboard() {
  const fit = () => document.documentElement.style.setProperty("--view-height", `${visualViewport.height}px`);
  globalThis.visualViewport?.addEventListener("resize", fit);
}

/** Relative luminance as WCAG defines it, 0 to 1. */
function luminance(colour) {
  const [red, green, blue] = colour.map((part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4));
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}
