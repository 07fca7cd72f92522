// Who this browser is: a token from the gateway, asked for before the first word and renewed before it lapses.
// A proven identity is never quietly exchanged for an unnamed one.

const RENEW_AHEAD = 300_000;

export class SessionLost extends Error {
  constructor(code) {
    super(code);
    this.code = code;
  }
}

export class Session {
  #base;
  #memory;
  #proof = null; // gives a fresh JWT of the site, if the page offered that

  constructor(base, memory) {
    this.#base = base;
    this.#memory = memory;
  }

  get known() {
    return this.#memory.get("session");
  }

  // Returns a token that is good for a while. Throws SessionLost("identity_expired") rather than forget who it is.
  token() {
    return this.#memory.alone(async () => {
      const known = this.known;
      if (!known) return (await this.#ask({})).token;
      const left = known.until - Date.now();
      if (known.verified) return left > (this.#proof ? RENEW_AHEAD : 0) ? known.token : this.#prove(known);
      return left > known.life / 2 ? known.token : (await this.#renew(known)).token;
    });
  }

  // Takes a JWT, or a function that returns one and is called again whenever a new one is needed.
  identify(proof) {
    this.#proof = typeof proof === "function" ? proof : null;
    return this.#memory.alone(async () => this.#ask({ identity: await (this.#proof ? proof() : proof) }));
  }

  // The gateway refused the token.
  refused(token) {
    const known = this.known;
    if (known?.token !== token) return; // Another tab has a new one already.
    if (known.verified) this.#memory.set("session", { ...known, until: 0 });
    else this.forget();
  }

  forget() {
    this.#proof = null;
    this.#memory.remove("session");
  }

  async #prove(known) {
    try {
      if (this.#proof) return (await this.#ask({ identity: await this.#proof() })).token;
    } catch (error) {
      if (error instanceof TypeError) throw error; // The network; it can be tried again.
    }
    if (known.until > Date.now()) return known.token;
    throw new SessionLost("identity_expired");
  }

  async #renew(known) {
    try {
      return await this.#ask({ token: known.token });
    } catch (error) {
      if (error.code === "expired" || error.code === "unauthorized") return this.#ask({});
      if (known.until > Date.now()) return known; // Good enough for now.
      throw error;
    }
  }

  async #ask(body) {
    const response = await fetch(this.#base + "session", {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(body),
      credentials: "omit",
      signal: AbortSignal.timeout(10_000),
    });
    const answer = await response.json();
    if (!response.ok) throw Object.assign(new Error(answer.reason), { code: answer.code });
    const life = answer.seconds * 1000;
    const { token, visitor, name, verified } = answer;
    const session = { token, visitor, name, verified, life, until: Date.now() + life };
    this.#memory.set("session", session);
    return session;
  }
}
