// Colours: the system's choice of light or dark, or the agent's; and the accent from the config.

export function applyTheme(theme) {
  if (theme === "auto") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme;
}

/** Sets the accent and a colour for words on it that can be read. */
export function applyColour(colour) {
  const style = document.documentElement.style;
  style.setProperty("--accent", colour);
  style.setProperty("--on-accent", luminance(colour) > 0.36 ? "#10131a" : "#ffffff");
}

/** Keeps the page above the keyboard of a phone, where browsers lay it over the page. */
export function fitKeyboard() {
  const fit = () => document.documentElement.style.setProperty("--view-height", `${visualViewport.height}px`);
  globalThis.visualViewport?.addEventListener("resize", fit);
}

function luminance(colour) {
  const parts = [1, 3, 5].map((at) => parseInt(colour.slice(at, at + 2), 16) / 255);
  const [red, green, blue] = parts.map((part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4));
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}
