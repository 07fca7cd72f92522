// Files on their way up: each one is sent at once, with progress; a message then only names their tickets.

import { uid } from "./memory.js";
import { size } from "./texts.js";

export class Uploads {
  list = []; // { id, name, preview, progress (0 to 1), ticket, attachment, problem }
  #base;
  #link;
  #limit;
  #say;
  #changed;

  constructor({ base, link, limit, say, changed }) {
    this.#base = base;
    this.#link = link;
    this.#limit = limit;
    this.#say = say;
    this.#changed = changed;
  }

  get busy() {
    return this.list.some(({ ticket, problem }) => !ticket && !problem);
  }

  add(files) {
    for (const file of files) this.#one(file);
  }

  remove(upload) {
    upload.request?.abort();
    if (upload.preview) URL.revokeObjectURL(upload.preview);
    this.list = this.list.filter((each) => each !== upload);
    this.#changed();
  }

  // Returns what is ready and forgets it.
  take() {
    const ready = this.list.filter(({ ticket }) => ticket);
    for (const upload of ready) this.remove(upload);
    return ready.map(({ ticket, attachment }) => ({ ticket, attachment }));
  }

  async #one(file) {
    const preview = /^image\/(?!svg)/.test(file.type) ? URL.createObjectURL(file) : "";
    const upload = { id: uid(), name: file.name || "file", preview, progress: 0 };
    this.list.push(upload);
    this.#changed();
    if (file.size > this.#limit) {
      const most = size(this.#say.language, this.#limit);
      upload.problem = this.#say("too_big", { name: upload.name, size: most });
    } else {
      await this.#send(upload, file).catch(() => (upload.problem = this.#say("upload_failed", { name: upload.name })));
    }
    this.#changed();
  }

  async #send(upload, file) {
    const headers = await this.#link.authorization();
    const answer = await this.#put(upload, file, headers);
    Object.assign(upload, { ticket: answer.ticket, attachment: answer.attachment, progress: 1 });
  }

  // XMLHttpRequest, because fetch cannot tell how much of a body has gone.
  #put(upload, file, headers) {
    const request = (upload.request = new XMLHttpRequest());
    request.open("POST", `${this.#base}files?name=${encodeURIComponent(upload.name)}`);
    request.responseType = "json";
    request.setRequestHeader("Content-Type", file.type || "application/octet-stream");
    for (const [name, value] of Object.entries(headers)) request.setRequestHeader(name, value);
    request.upload.onprogress = ({ loaded, total }) => {
      upload.progress = loaded / total;
      this.#changed();
    };
    return new Promise((resolve, reject) => {
      request.onload = () => (request.status === 200 ? resolve(request.response) : reject(request.response));
      request.onerror = request.onabort = reject;
      request.send(file);
    });
  }
}
