// What the browser remembers between pages and shares between tabs. Works, for this page only, where storage is barred.

export class Memory {
  #prefix;
  #shelf = new Map();

  constructor(prefix) {
    this.#prefix = prefix;
  }

  get(key, otherwise = null) {
    try {
      const text = localStorage.getItem(this.#prefix + key);
      return text === null ? otherwise : JSON.parse(text);
    } catch {
      return this.#shelf.get(key) ?? otherwise;
    }
  }

  set(key, value) {
    try {
      localStorage.setItem(this.#prefix + key, JSON.stringify(value));
    } catch {
      this.#shelf.set(key, value);
    }
  }

  remove(...keys) {
    for (const key of keys) {
      this.#shelf.delete(key);
      try {
        localStorage.removeItem(this.#prefix + key);
      } catch {
        // Barred: the shelf was all there is.
      }
    }
  }

  // Calls `changed(key)` when another tab wrote something.
  watch(changed) {
    addEventListener("storage", ({ key }) => key?.startsWith(this.#prefix) && changed(key.slice(this.#prefix.length)));
  }

  keys(start) {
    try {
      const whole = this.#prefix + start;
      const stored = Object.keys(localStorage).filter((key) => key.startsWith(whole));
      return stored.map((key) => key.slice(this.#prefix.length));
    } catch {
      return [...this.#shelf.keys()].filter((key) => key.startsWith(start));
    }
  }

  // Runs one task at a time over all tabs, where the browser can (it needs https or localhost); a tab that hangs is not
  // waited for.
  async alone(task) {
    if (!navigator.locks) return task();
    let started = false;
    const once = () => ((started = true), task());
    return navigator.locks.request(this.#prefix + "lock", { signal: AbortSignal.timeout(5_000) }, once).catch((error) => {
      if (started) throw error;
      return task();
    });
  }
}

export const uid = () => Array.from(crypto.getRandomValues(new Uint32Array(4)), (part) => part.toString(36)).join("");
