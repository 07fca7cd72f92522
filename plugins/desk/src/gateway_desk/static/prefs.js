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

/** Acts of one agent in this tab that are not confirmed, or were refused: they survive a reload. */
export const kept = {
  load: (agent, kind) => JSON.parse(sessionStorage.getItem(`${PREFIX}${kind}:${agent}`) ?? "[]"),
  save: (agent, kind, values) => sessionStorage.setItem(`${PREFIX}${kind}:${agent}`, JSON.stringify(values)),
};

/** Nothing of clients stays behind when somebody signs out. */
export function forgetClients() {
  sessionStorage.clear();
  for (const kind of ["read", "draft"]) forgetOthers(kind, new Set());
}
