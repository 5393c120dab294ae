// Where messages are written: replies, edits, pictures, and what the keys do.

const TYPING = 3000; // between two notes that somebody is typing

export class Composer {
  #form;
  #text;
  #page;
  #editing = null;
  #quote = null;
  #image = null;
  #noted = 0;
  #drafts;

  // `page` has: link, log, outbox, room, csrf, me {handle, name}, trouble(text), newest(), drafts
  constructor(main, page) {
    this.#form = main.querySelector("#write");
    this.#page = page;
    this.#drafts = page.drafts;
    if (!this.#form) return;
    this.#text = this.#form.querySelector("#text");
    this.#text.value ||= this.#drafts.get(page.room) ?? "";
    this.#form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#send();
    });
    this.#text.addEventListener("keydown", (event) => this.#key(event));
    this.#text.addEventListener("input", () => this.#input());
    this.#text.addEventListener("paste", (event) => this.#attach(event, event.clipboardData));
    this.#part("#about a").addEventListener("click", (event) => {
      event.preventDefault();
      this.cancel();
    });
    const file = this.#part("#picture");
    file.classList.add("hidden");
    file.tabIndex = -1;
    file.addEventListener("change", (event) => this.#attach(event, file));
    const button = this.#part("#attach");
    button.hidden = false;
    button.addEventListener("click", () => file.click());
    this.#part("#attached button").addEventListener("click", () => this.#detach());
    const reply = this.#part("[name=reply_to]").value;
    const answered = reply && page.log.find(reply);
    if (answered) this.reply(answered);
  }

  #part(selector) {
    return this.#form.querySelector(selector);
  }

  get editing() {
    return this.#editing !== null;
  }

  reply(one) {
    this.cancel();
    this.#quote = {
      id: one.dataset.id,
      name: one.dataset.name,
      text: one.querySelector(".text").textContent.trim().slice(0, 140) || "a picture",
    };
    this.#about(`Reply to ${this.#quote.name}: ${this.#quote.text}`);
  }

  edit(one) {
    this.cancel();
    this.#editing = one.dataset.id;
    this.#text.value = one.dataset.text;
    one.classList.add("chosen");
    this.#about("Edit your message");
    this.#text.setSelectionRange(this.#text.value.length, this.#text.value.length);
  }

  // Neither reply nor edit.
  cancel() {
    if (this.editing) this.#text.value = "";
    this.#page.log.list.querySelector(".chosen")?.classList.remove("chosen");
    this.#editing = this.#quote = null;
    this.#part("#about").hidden = true;
    this.#text.focus();
  }

  #about(text) {
    const place = this.#part("#about");
    place.hidden = false;
    place.querySelector("span").textContent = text;
    this.#text.focus();
  }

  #key(event) {
    if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
      event.preventDefault();
      this.#send();
    } else if (event.key === "Escape" && !this.#part("#about").hidden) {
      this.cancel();
    } else if (event.key === "ArrowUp" && !this.#text.value && !this.editing) {
      const mine = this.#page.log.messages.findLast((one) => one.dataset.id && one.dataset.text);
      if (!mine) return;
      event.preventDefault();
      this.edit(mine);
    }
  }

  #input() {
    if (!this.editing) this.#drafts.set(this.#page.room, this.#text.value);
    if (!this.#text.value || Date.now() - this.#noted < TYPING) return;
    this.#noted = Date.now();
    this.#page.link.tell("typing", { room: this.#page.room });
  }

  #send() {
    const text = this.#text.value.trim();
    if (this.editing) {
      this.#change(text);
      return;
    }
    if (!text && !this.#image?.id) return;
    const { outbox, room, me } = this.#page;
    outbox.put({
      room,
      client_id: crypto.randomUUID(),
      text,
      quote: this.#quote,
      image: this.#image,
      author: me,
      created_at: new Date().toISOString(),
    });
    this.#text.value = "";
    this.#drafts.delete(room);
    this.#noted = 0;
    this.#detach();
    this.cancel();
    this.#page.newest();
  }

  async #change(text) {
    const { link, log, trouble } = this.#page;
    const id = this.#editing;
    const same = log.find(id)?.dataset.text === text;
    if (text && !same) {
      try {
        await link.ask("edit", { id, text });
      } catch (error) {
        trouble(error.message);
        return;
      }
    }
    if (this.#editing === id) this.cancel();
  }

  async #attach(event, { files }) {
    const [file] = [...files].filter((one) => one.type.startsWith("image/"));
    if (!file) return;
    event.preventDefault();
    const place = this.#part("#attached");
    const said = place.querySelector("span");
    place.hidden = false;
    said.textContent = `${file.name} is on its way`;
    const image = {};
    this.#image = image;
    const body = new FormData();
    body.append("file", file);
    try {
      const { csrf, room } = this.#page;
      const answer = await fetch(`/api/v1/rooms/${room}/images`, {
        method: "POST",
        headers: { "X-CSRF-Token": csrf },
        body,
      });
      const made = await answer.json();
      if (this.#image !== image) return;
      if (!answer.ok) throw new Error(made.errors ? `it ${made.errors[0].message}` : made.detail);
      const { id, width, height } = made;
      Object.assign(image, { id, width, height, address: `/api/v1/images/${id}` });
      said.textContent = `${file.name} goes with your message`;
    } catch (error) {
      this.#detach();
      this.#page.trouble(`The picture was not taken: ${error.message}`);
    }
  }

  #detach() {
    this.#image = null;
    this.#part("#attached").hidden = true;
    this.#part("#picture").value = "";
  }
}
