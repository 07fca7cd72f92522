// Words and times in the agent's language. English is the original; other languages may lack a text.

import { en } from "./texts/en.js";

const LANGUAGES = { en: "English", ru: "Русский", pt: "Português", es: "Español", de: "Deutsch" };
let texts = en;
let language = "en";
let locale = "en"; // with the region, for times: 14:05 or 2:05 PM

export const languages = Object.entries(LANGUAGES);

/** Loads the language wished for, or the browser's, or English. */
export async function useLanguage(wished) {
  const found = [wished, ...navigator.languages].map((tag) => tag?.slice(0, 2)).find((tag) => tag in LANGUAGES);
  language = found ?? "en";
  locale = navigator.languages.find((tag) => tag.startsWith(language)) ?? language;
  texts = language === "en" ? en : { ...en, ...(await import(`./texts/${language}.js`)).default };
  document.documentElement.lang = language;
}

/** Returns a text with its {blanks} filled in. */
export function t(key, blanks = {}) {
  const text = texts[key] ?? en[key] ?? key;
  return text.replace(/\{(\w+)\}/g, (whole, name) => blanks[name] ?? whole);
}

export function has(key) {
  return key in en;
}

export function clock(seconds) {
  return new Intl.DateTimeFormat(locale, { hour: "2-digit", minute: "2-digit" }).format(seconds * 1000);
}

export function day(seconds) {
  return new Intl.DateTimeFormat(locale, { weekday: "long", day: "numeric", month: "long" }).format(seconds * 1000);
}

export function moment(seconds) {
  return new Intl.DateTimeFormat(locale, { dateStyle: "medium", timeStyle: "medium" }).format(seconds * 1000);
}

/** How long something has lasted, in its largest unit: "8 s", "3 min", "2 h". */
export function duration(seconds) {
  const [amount, unit] = largest(Math.max(0, seconds));
  return new Intl.NumberFormat(locale, { style: "unit", unit, unitDisplay: "short" }).format(amount);
}

function largest(seconds) {
  if (seconds < 60) return [Math.floor(seconds), "second"];
  if (seconds < 3600) return [Math.floor(seconds / 60), "minute"];
  if (seconds < 86_400) return [Math.floor(seconds / 3600), "hour"];
  return [Math.floor(seconds / 86_400), "day"];
}

export function bytes(size) {
  const [amount, unit] = size < 1_000_000 ? [size / 1000, "kilobyte"] : [size / 1_000_000, "megabyte"];
  const style = { style: "unit", unit, unitDisplay: "short", maximumFractionDigits: amount < 10 ? 1 : 0 };
  return new Intl.NumberFormat(locale, style).format(amount);
}
