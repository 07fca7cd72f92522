// Calls back a visitor who is not looking: the count in the title, a sound.

import { chime } from "./sound.js";

export class Attention {
  #memory;
  #wanted;

  // wanted() -> may there be a sound now?
  constructor(memory, wanted) {
    this.#memory = memory;
    this.#wanted = wanted;
  }

  count(unread) {
    document.title = (unread ? `(${unread}) ` : "") + document.title.replace(/^\(\d+\) /, "");
  }

  // One sound over all tabs, and none where somebody is looking: tabs in sight claim a message before the others do.
  ring(message) {
    const claim = () => {
      if (this.#memory.get("rung") === message) return;
      this.#memory.set("rung", message);
      if (this.#wanted()) chime();
    };
    document.hidden ? setTimeout(claim, 150 + Math.random() * 300) : claim();
  }
}
