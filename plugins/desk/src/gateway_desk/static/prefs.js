// What this browser remembers: preferences, drafts, what was read. The truth of conversations is elsewhere.

const PREFIX = `gateway-desk:${location.pathname}:`;

export function recall(key, otherwise) {
  try {
    const stored = localStorage.getItem(PREFIX + key);
    return stored === null ? otherwise : JSON.parse(stored);
  } catch {
    return otherwise;
  }
}

export function remember(key, value) {
  try {
    if (value === null || value === "") localStorage.removeItem(PREFIX + key);
    else localStorage.setItem(PREFIX + key, JSON.stringify(value));
  } catch {
    // Private mode or a full disk: it is kept for as long as the page lives.
  }
}

/** Forgets what concerns dialogs that are not there any more. */
export function forgetOthers(kind, sessions) {
  for (const key of Object.keys(localStorage)) {
    if (key.startsWith(`${PREFIX}${kind}:`) && !sessions.has(key.slice(PREFIX.length + kind.length + 1))) {
      localStorage.removeItem(key);
    }
  }
}

/** The acts not yet confirmed, of this tab only: they survive a reload and are sent again. */
export const unsent = {
  load: () => JSON.parse(sessionStorage.getItem(`${PREFIX}unsent`) ?? "[]"),
  save: (acts) => sessionStorage.setItem(`${PREFIX}unsent`, JSON.stringify(acts)),
};
