// What the browser remembers between pages and shares between tabs. Works, for this page only, where storage is barred.

function attempt(task) {
  try {
    return task();
  } catch {
    return null; // Storage is barred or full.
  }
}

export class Memory {
  #prefix;
  #shelf = new Map();

  constructor(prefix) {
    this.#prefix = prefix;
  }

  get(key, otherwise = null) {
    if (this.#shelf.has(key)) return this.#shelf.get(key);
    const text = attempt(() => localStorage.getItem(this.#prefix + key));
    return text == null ? otherwise : JSON.parse(text);
  }

  // What does not fit, or may not be stored, stays on this page's shelf.
  set(key, value) {
    this.#shelf.set(key, value);
    attempt(() => {
      localStorage.setItem(this.#prefix + key, JSON.stringify(value));
      this.#shelf.delete(key);
    });
  }

  remove(...keys) {
    for (const key of keys) {
      this.#shelf.delete(key);
      attempt(() => localStorage.removeItem(this.#prefix + key));
    }
  }

  keys(start) {
    const stored = attempt(() => Object.keys(localStorage)) ?? [];
    const ours = stored.filter((key) => key.startsWith(this.#prefix)).map((key) => key.slice(this.#prefix.length));
    return [...new Set([...ours, ...this.#shelf.keys()])].filter((key) => key.startsWith(start));
  }

  // Calls `changed(key)` when another tab wrote something.
  watch(changed) {
    addEventListener("storage", ({ key }) => key?.startsWith(this.#prefix) && changed(key.slice(this.#prefix.length)));
  }

  // Runs one task at a time over all tabs, where the browser can (it needs https or localhost); a tab that hangs is not
  // waited for.
  async alone(task) {
    if (!navigator.locks) return task();
    let started = false;
    const once = () => ((started = true), task());
    const signal = AbortSignal.timeout(5_000);
    return navigator.locks.request(this.#prefix + "lock", { signal }, once).catch((error) => {
      if (started) throw error;
      return task();
    });
  }
}

export const uid = () => Array.from(crypto.getRandomValues(new Uint32Array(4)), (part) => part.toString(36)).join("");
