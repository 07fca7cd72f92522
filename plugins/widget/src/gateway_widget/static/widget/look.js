// How the chat fits into its page: style, colours, the screen of a phone.

// A field that is focused here brings up a keyboard over half of the screen.
export const TOUCH = matchMedia("(pointer: coarse)");

export const PHONE = matchMedia("(max-width: 480px), (max-height: 420px)");

const stylesheet = fetch(new URL("style.css", import.meta.url)).then(async (response) => {
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(await response.text());
  return sheet;
});

export async function dress(chat, { accent, theme, position }) {
  chat.shadowRoot.adoptedStyleSheets = [await stylesheet];
  Object.assign(chat.dataset, { theme, position });
  chat.style.setProperty("--accent", accent);
  chat.style.setProperty("--on-accent", readable(accent));
  followKeyboard(chat);
}

// A phone's keyboard covers the page without resizing it.
function followKeyboard(chat) {
  const fit = () => {
    chat.style.setProperty("--height", `${visualViewport.height}px`);
    chat.style.setProperty("--top", `${visualViewport.offsetTop}px`);
  };
  visualViewport.addEventListener("resize", fit);
  visualViewport.addEventListener("scroll", fit);
  fit();
}

// Black or white, whichever reads better on a colour.
function readable(colour) {
  const [r, g, b] = [1, 3, 5].map((at) => linear(parseInt(colour.slice(at, at + 2), 16) / 255));
  const light = 0.2126 * r + 0.7152 * g + 0.0722 * b;
  return 1.05 / (light + 0.05) >= (light + 0.05) / 0.05 ? "#fff" : "#111";
}

const linear = (part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4);
