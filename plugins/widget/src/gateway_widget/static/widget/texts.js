// The widget's words, in the language of the page.

const RIGHT_TO_LEFT = /^(ar|fa|he|ur)\b/;

export async function loadTexts({ language, languages, texts, title, subtitle }, wanted) {
  const chosen = choose(languages, language === "auto" ? wanted : [language]);
  const response = await fetch(new URL(`lang/${chosen}.json`, import.meta.url));
  const own = Object.entries({ title, subtitle }).filter(([, text]) => text);
  const words = { ...(await response.json()), ...texts[chosen], ...Object.fromEntries(own) };
  const say = (key, values = {}) => words[key].replace(/\{(\w+)\}/g, (_, name) => values[name] ?? "");
  return Object.assign(say, { language: chosen, direction: RIGHT_TO_LEFT.test(chosen) ? "rtl" : "ltr" });
}

function choose(languages, wanted) {
  const short = wanted.filter(Boolean).map((tag) => tag.toLowerCase().split("-")[0]);
  return short.find((tag) => languages.includes(tag)) ?? "en";
}

const format = (language, options) => new Intl.DateTimeFormat(language, options);

export const clock = (language, at) => format(language, { hour: "numeric", minute: "2-digit" }).format(at);

export function day(language, at, now = Date.now()) {
  const days = Math.round((midnight(at) - midnight(now)) / 86_400_000);
  if (days > -2) return new Intl.RelativeTimeFormat(language, { numeric: "auto" }).format(days, "day");
  return format(language, { weekday: "long", day: "numeric", month: "long" }).format(at);
}

const midnight = (at) => new Date(at).setHours(0, 0, 0, 0);

export function size(language, bytes) {
  const [value, unit] = bytes < 1e6 ? [bytes / 1e3, "kilobyte"] : [bytes / 1e6, "megabyte"];
  const maximumFractionDigits = value < 10 ? 1 : 0;
  return new Intl.NumberFormat(language, { style: "unit", unit, maximumFractionDigits }).format(value);
}
